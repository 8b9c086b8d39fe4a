#include "png_errors.h"

#include <stdio.h>

#include "CImages.h"

void lora_png_fail(png_structp png, png_const_charp text) {
  snprintf(png_get_error_ptr(png), LORA_MESSAGE_CAPACITY, "%s", text);
  png_longjmp(png, 1);
}

// Warnings are about colour profiles and odd chunks; the pixels are right.
void lora_png_ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

int lora_png_out_of_memory(char *message) {
  snprintf(message, LORA_MESSAGE_CAPACITY, "out of memory");
  return -1;
}
