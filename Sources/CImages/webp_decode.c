#include <stdio.h>
#include <webp/decode.h>

#include "CImages.h"

int lora_webp_header(const uint8_t *file, size_t count, int *width, int *height, int *has_alpha,
                     int *has_animation) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file, count, &features) != VP8_STATUS_OK) return -1;
  *width = features.width;
  *height = features.height;
  *has_alpha = features.has_alpha;
  *has_animation = features.has_animation;
  return 0;
}

// WebPDecode reports why it failed; the simpler calls do not.
int lora_webp_decode(const uint8_t *file, size_t count, lora_pixels to, char *message) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return -1;
  const size_t stride = (size_t)to.width * to.channels;
  if (WebPGetFeatures(file, count, &config.input) != VP8_STATUS_OK ||
      config.input.width != (int)to.width || config.input.height != (int)to.height) {
    snprintf(message, LORA_MESSAGE_CAPACITY, "its size is not that of its header");
    return -1;
  }
  config.output.colorspace = to.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = to.bytes;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = stride * to.height;
  const VP8StatusCode status = WebPDecode(file, count, &config);
  WebPFreeDecBuffer(&config.output);
  if (status == VP8_STATUS_OK) return 0;
  const char *reason = status == VP8_STATUS_OUT_OF_MEMORY      ? "out of memory"
                       : status == VP8_STATUS_NOT_ENOUGH_DATA  ? "the file ends early"
                       : status == VP8_STATUS_SUSPENDED        ? "the file ends early"
                       : status == VP8_STATUS_BITSTREAM_ERROR  ? "its data are damaged"
                                                               : "a feature that libwebp lacks";
  snprintf(message, LORA_MESSAGE_CAPACITY, "%s", reason);
  return -1;
}
