#include "jpeg_failure.h"

#include <jerror.h>

// A progressive file of a few bytes a scan can hold thousands of scans, each as costly as
// the whole picture.
enum { SCAN_LIMIT = 500 };

// libjpeg fills what a truncated file lacks with grey and only warns.
static void warn(j_common_ptr jpeg, int level) {
  struct failure *failure = (struct failure *)jpeg->err;
  if (level < 0 && failure->manager.msg_code == JWRN_JPEG_EOF) {
    snprintf(failure->message, LORA_MESSAGE_CAPACITY, "the file ends early");
    longjmp(failure->leave, 1);
  }
}

static void count_scans(j_common_ptr jpeg) {
  if (((j_decompress_ptr)jpeg)->input_scan_number > SCAN_LIMIT) {
    struct failure *failure = (struct failure *)jpeg->err;
    snprintf(failure->message, LORA_MESSAGE_CAPACITY, "more than %d scans", SCAN_LIMIT);
    longjmp(failure->leave, 1);
  }
}

static void read_rows(j_decompress_ptr jpeg, lora_pixels to) {
  const size_t stride = (size_t)to.width * to.channels;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = to.bytes + jpeg->output_scanline * stride;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
}

static int has_size(j_decompress_ptr jpeg, lora_pixels to) {
  return jpeg->output_width == to.width && jpeg->output_height == to.height &&
         (uint32_t)jpeg->output_components == to.channels;
}

int lora_jpeg_decode(const uint8_t *file, size_t count, lora_pixels to, char *message) {
  struct jpeg_decompress_struct jpeg = {0};
  struct jpeg_progress_mgr progress = {.progress_monitor = count_scans};
  struct failure failure = {.message = message};
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = fail;
  failure.manager.emit_message = warn;
  if (setjmp(failure.leave)) {
    jpeg_destroy_decompress(&jpeg);
    return -1;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress;
  jpeg_mem_src(&jpeg, file, count);
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = to.channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  const int fits = has_size(&jpeg, to);
  if (fits) {
    read_rows(&jpeg, to);
    jpeg_finish_decompress(&jpeg);
  } else {
    snprintf(message, LORA_MESSAGE_CAPACITY, "its size is not that of its header");
  }
  jpeg_destroy_decompress(&jpeg);
  return fits ? 0 : -1;
}
