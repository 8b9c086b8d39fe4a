// CImages: pixels out of PNG, JPEG and WebP files in memory, PNG and JPEG files out of pixels.
//
// libpng and libjpeg leave a wrong file by longjmp, which must not cross a Swift frame; so
// each call here is whole: it sets up, decodes into the caller's memory, and tears down.
// The caller has read the size from the header and allocated for it; a decoder that finds
// another size writes nothing. Calls return 0, or -1 with a sentence in `message`.
#ifndef LORA_CIMAGES_H
#define LORA_CIMAGES_H

#include <stddef.h>
#include <stdint.h>

enum { LORA_MESSAGE_CAPACITY = 256 };

// Memory for pixels: rows of width * channels bytes (3 = RGB, 4 = RGBA), no padding.
typedef struct lora_pixels {
  uint8_t *bytes;
  uint32_t width;
  uint32_t height;
  uint32_t channels;
} lora_pixels;

// Any PNG: palettes and greys become RGB, 16 bits the upper 8, interlacing is undone.
int lora_png_decode(const uint8_t *file, size_t count, lora_pixels to, char *message);

// Any JPEG of 1, 3 or 4 components. `to` has 4 channels where the file has 4, which are
// CMYK as stored; else 3. A file that ends early is an error, not a grey rest.
int lora_jpeg_decode(const uint8_t *file, size_t count, lora_pixels to, char *message);

// A WebP of one frame, lossy or lossless.
int lora_webp_decode(const uint8_t *file, size_t count, lora_pixels to, char *message);

// Size and kind of a WebP, from its header. Returns 0, or -1 where it is not one.
int lora_webp_header(const uint8_t *file, size_t count, int *width, int *height, int *has_alpha,
                     int *has_animation);

// Pixels as a PNG. `texts` holds for each text chunk its keyword and its value, both UTF-8
// and ended by a zero byte; a value with a character outside Latin-1 goes into iTXt, others
// into tEXt. The result is `*count` bytes at `*file`, to be freed with lora_png_free.
int lora_png_encode(lora_pixels from, const char *texts, size_t texts_count, uint8_t **file,
                    size_t *count, char *message);
void lora_png_free(uint8_t *file);

// RGB pixels as a JPEG of quality 1 to 100, without coarser colour. The result is `*count` bytes at
// `*file`, to be freed with lora_jpeg_free.
int lora_jpeg_encode(lora_pixels from, int quality, uint8_t **file, size_t *count,
                     char *message);
void lora_jpeg_free(uint8_t *file);

// font/wide.bin, whose layout scripts/make-wide-font.py tells: `*count` bytes that stay.
const uint8_t *lora_wide_font(size_t *count);

#endif
