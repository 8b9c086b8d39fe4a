#include <stdlib.h>

#include "jpeg_failure.h"

static void write_rows(j_compress_ptr jpeg, lora_pixels from) {
  const size_t stride = (size_t)from.width * from.channels;
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW row = from.bytes + jpeg->next_scanline * stride;
    jpeg_write_scanlines(jpeg, &row, 1);
  }
}

// Colour is as fine as light: a difference of two pictures would show the blocks of coarser colour.
static void set_sampling(j_compress_ptr jpeg) {
  for (int component = 0; component < jpeg->num_components; component++) {
    jpeg->comp_info[component].h_samp_factor = 1;
    jpeg->comp_info[component].v_samp_factor = 1;
  }
}

int lora_jpeg_encode(lora_pixels from, int quality, uint8_t **file, size_t *count,
                     char *message) {
  struct jpeg_compress_struct jpeg = {0};
  struct failure failure = {.message = message};
  unsigned char *bytes = NULL;
  unsigned long byte_count = 0;
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  if (setjmp(failure.leave)) {
    // What it has grown since is libjpeg's own, and `bytes` may be gone: one buffer is lost.
    jpeg_destroy_compress(&jpeg);
    return -1;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &bytes, &byte_count);
  jpeg.image_width = from.width;
  jpeg.image_height = from.height;
  jpeg.input_components = (int)from.channels;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  set_sampling(&jpeg);
  jpeg.optimize_coding = TRUE;
  jpeg_start_compress(&jpeg, TRUE);
  write_rows(&jpeg, from);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  *file = bytes;
  *count = byte_count;
  return 0;
}

void lora_jpeg_free(uint8_t *file) { free(file); }
