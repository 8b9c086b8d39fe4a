// The kernels by name, as a device's code holds them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "block.hpp"

namespace emulation {

// A kernel's arguments as the driver takes them: where each one lies.
using Arguments = void **;

struct Kernel {
  std::function<void(Arguments)> body;

  // What it takes, a letter a parameter: see kind_of.
  std::string kinds;
};

// A parameter's kind: p an address, l a u64, u a u32, i an int, f a float, s 8 bytes of a struct.
template <typename Parameter>
constexpr char kind_of() {
  if constexpr (std::is_pointer_v<Parameter>) return 'p';
  if constexpr (std::is_same_v<Parameter, float>) return 'f';
  if constexpr (std::is_same_v<Parameter, int>) return 'i';
  if constexpr (std::is_same_v<Parameter, unsigned>) return 'u';
  if constexpr (std::is_same_v<Parameter, unsigned long long>) return 'l';
  if constexpr (std::is_class_v<Parameter> && sizeof(Parameter) == 8) return 's';
  return 0;
}

// Keyed by how files are compiled, then by entry: "ELEMENT=bf16" and "add".
std::map<std::string, std::map<std::string, Kernel>> &registry();

template <typename... Parameters, size_t... indices>
Kernel kernel(void (*body)(Parameters...), std::index_sequence<indices...>) {
  static_assert((kind_of<Parameters>() && ...), "a parameter of a kind that has no letter");
  return {[body](Arguments arguments) {
            (void)arguments;
            body(*static_cast<Parameters *>(arguments[indices])...);
          },
          {kind_of<Parameters>()...}};
}

template <typename... Parameters>
Kernel kernel(void (*body)(Parameters...)) {
  return kernel(body, std::index_sequence_for<Parameters...>());
}

struct Registration {
  Registration(const char *variant, const char *entry, Kernel kernel) {
    registry()[variant][entry] = std::move(kernel);
  }
};

}  // namespace emulation
