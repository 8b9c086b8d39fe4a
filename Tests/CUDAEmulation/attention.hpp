// The kernels of attention, for one element type (as kernels.hpp) and all widths of heads that
// ComputeCUDA/Operations/Attention.swift asks for.
#include "cuda_words.hpp"
#include "registry.hpp"

#define JOINED_NAMES(a, b) a##b
#define JOINED(a, b) JOINED_NAMES(a, b)
#define TEXT_OF(a) #a
#define TEXT(a) TEXT_OF(a)

#define ENTRY(name)                                                                       \
  const emulation::Registration register_##name(                                          \
      "ELEMENT=" ELEMENT_NAME " HEAD_WIDTH=" TEXT(HEAD_WIDTH), #name, emulation::kernel(name));

namespace {

#ifdef HAS_TENSOR_CORES
#include "attention_tile.cuh"

#define HEAD_WIDTH 16
#include "attention_width.hpp"
#define HEAD_WIDTH 32
#include "attention_width.hpp"
#define HEAD_WIDTH 40
#include "attention_width.hpp"
#define HEAD_WIDTH 64
#include "attention_width.hpp"
#define HEAD_WIDTH 80
#include "attention_width.hpp"
#define HEAD_WIDTH 128
#include "attention_width.hpp"
#define HEAD_WIDTH 160
#include "attention_width.hpp"
#endif

#include "attention_plain.cuh"

#define HEAD_WIDTH 64
#include "attention_plain_width.hpp"
#define HEAD_WIDTH 192
#include "attention_plain_width.hpp"
#define HEAD_WIDTH 512
#include "attention_plain_width.hpp"

}  // namespace
