#include "CImages.h"

static const uint8_t wide_font[] = {
#embed "font/wide.bin"
};

const uint8_t *lora_wide_font(size_t *count) {
  *count = sizeof wide_font;
  return wide_font;
}
