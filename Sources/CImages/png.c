#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImages.h"

// libpng calls it when a file is wrong; the error pointer is the caller's message.
static void fail(png_structp png, png_const_charp text) {
  snprintf(png_get_error_ptr(png), LORA_MESSAGE_CAPACITY, "%s", text);
  png_longjmp(png, 1);
}

// Warnings are about colour profiles and odd chunks; the pixels are right.
static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static int out_of_memory(char *message) {
  snprintf(message, LORA_MESSAGE_CAPACITY, "out of memory");
  return -1;
}

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
      png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  if (!png) return out_of_memory(message);
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

struct destination {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
};

static void write_bytes(png_structp png, png_bytep from, size_t count) {
  struct destination *to = png_get_io_ptr(png);
  if (to->capacity - to->count < count) {
    const size_t capacity = 2 * to->capacity + count;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, from, count);
  to->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// Writes `value` as Latin-1 over itself and returns 1, or returns 0 where it cannot be written so.
static int narrow_to_latin1(char *value) {
  for (const uint8_t *c = (const uint8_t *)value; *c; c++) {
    if (*c < 0x80) continue;
    if ((*c != 0xC2 && *c != 0xC3) || (c[1] & 0xC0) != 0x80) return 0;
    c++;
  }
  uint8_t *to = (uint8_t *)value;
  for (const uint8_t *c = (const uint8_t *)value; *c; c++) {
    if (*c < 0x80) {
      *to++ = *c;
    } else {
      *to++ = (uint8_t)(*c << 6 | (c[1] & 0x3F));
      c++;
    }
  }
  *to = 0;
  return 1;
}

// `texts` is a copy that may be changed, ended by two zero bytes.
static void set_texts(png_structp png, png_infop info, char *texts, size_t count) {
  char empty[1] = "";
  size_t at = 0;
  while (at < count) {
    png_text text = {0};
    text.key = texts + at;
    at += strlen(text.key) + 1;
    text.text = texts + at;
    at += strlen(text.text) + 1;
    text.compression = PNG_ITXT_COMPRESSION_NONE;
    text.lang = empty;
    text.lang_key = empty;
    if (narrow_to_latin1(text.text)) text.compression = PNG_TEXT_COMPRESSION_NONE;
    png_set_text(png, info, &text, 1);
  }
}

static void write_picture(png_structp png, png_infop info, lora_pixels from, char *texts,
                          size_t texts_count) {
  const int type = from.channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
  png_set_IHDR(png, info, from.width, from.height, 8, type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  set_texts(png, info, texts, texts_count);
  png_write_info(png, info);
  const size_t stride = (size_t)from.width * from.channels;
  for (uint32_t y = 0; y < from.height; y++) png_write_row(png, from.bytes + y * stride);
  png_write_end(png, info);
}

// The part that libpng may leave by longjmp: nothing of its own changes after setjmp.
static int write_guarded(png_structp png, png_infop info, struct destination *to,
                         lora_pixels from, char *texts, size_t texts_count) {
  if (setjmp(png_jmpbuf(png))) return -1;
  png_set_write_fn(png, to, write_bytes, flush_nothing);
  write_picture(png, info, from, texts, texts_count);
  return 0;
}

int lora_png_encode(lora_pixels from, const char *texts, size_t texts_count, uint8_t **file,
                    size_t *count, char *message) {
  struct destination destination = {NULL, 0, 0};
  char *copy = calloc(texts_count + 2, 1);
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  int status = copy && info ? 0 : out_of_memory(message);
  if (status == 0) {
    if (texts_count > 0) memcpy(copy, texts, texts_count);
    status = write_guarded(png, info, &destination, from, copy, texts_count);
  }
  png_destroy_write_struct(&png, &info);
  free(copy);
  if (status != 0) {
    free(destination.bytes);
    return -1;
  }
  *file = destination.bytes;
  *count = destination.count;
  return 0;
}

void lora_png_free(uint8_t *file) { free(file); }
