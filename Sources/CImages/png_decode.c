#include <png.h>
#include <stdio.h>
#include <string.h>

#include "CImages.h"
#include "png_errors.h"

struct source {
  const uint8_t *next;
  size_t left;
};

static void read_bytes(png_structp png, png_bytep to, size_t count) {
  struct source *source = png_get_io_ptr(png);
  if (count > source->left) png_error(png, "the file ends early");
  memcpy(to, source->next, count);
  source->next += count;
  source->left -= count;
}

// Asks libpng for 8-bit RGB or RGBA whatever the file holds.
static void expect_channels(png_structp png, uint32_t channels) {
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_gray_to_rgb(png);
  if (channels == 3) png_set_strip_alpha(png);
  if (channels == 4) png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
}

int lora_png_decode(const uint8_t *file, size_t count, lora_pixels to, char *message) {
  struct source source = {file, count};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, message, lora_png_fail, lora_png_ignore);
  if (!png) return lora_png_out_of_memory(message);
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return -1;
  }
  png_set_user_limits(png, to.width, to.height);
  png_set_read_fn(png, &source, read_bytes);
  png_read_info(png, info);
  expect_channels(png, to.channels);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t stride = (size_t)to.width * to.channels;
  if (png_get_image_width(png, info) != to.width || png_get_image_height(png, info) != to.height ||
      png_get_rowbytes(png, info) != stride) {
    png_error(png, "its size or colour type is not that of its header");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < to.height; y++) png_read_row(png, to.bytes + y * stride, NULL);
  }
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}
