// What libpng calls when a file is wrong: the error pointer is the caller's message.
#ifndef LORA_PNG_ERRORS_H
#define LORA_PNG_ERRORS_H

#include <png.h>

void lora_png_fail(png_structp png, png_const_charp text) PNG_NORETURN;
void lora_png_ignore(png_structp png, png_const_charp text);
int lora_png_out_of_memory(char *message);

#endif
