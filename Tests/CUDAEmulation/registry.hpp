// The kernels by name, as a device's code holds them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "block.hpp"

namespace emulation {

// A kernel's arguments as the driver takes them: where each one lies.
using Arguments = void **;

struct Kernel {
  std::function<void(Arguments)> body;
};

// Keyed by file and how it is compiled, then by entry: "add.cu ELEMENT=bf16" and "add".
std::map<std::string, std::map<std::string, Kernel>> &registry();

template <typename... Parameters, size_t... indices>
Kernel kernel(void (*body)(Parameters...), std::index_sequence<indices...>) {
  return {[body](Arguments arguments) {
    (void)arguments;
    body(*static_cast<Parameters *>(arguments[indices])...);
  }};
}

template <typename... Parameters>
Kernel kernel(void (*body)(Parameters...)) {
  return kernel(body, std::index_sequence_for<Parameters...>());
}

struct Registration {
  Registration(const char *file, const char *variant, const char *entry, Kernel kernel) {
    registry()[std::string(file) + " " + variant][entry] = std::move(kernel);
  }
};

}  // namespace emulation
