#pragma once

// For tests: the software card as other programs see it, opened with dlopen.

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/softcard_ext.h"
#include "tests/paths.h"

namespace axllama::softcard::testing {

inline std::string library_path() {
  return std::string(AXLLAMA_BINARY_DIR) + "/lib/softcard/libaxcl_rt.so";
}

/// The opened library; stays open for the process, as the vendor's does.
inline void* library() {
  static void* const handle = [] {
    void* opened = dlopen(library_path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (opened == nullptr) {
      throw std::runtime_error(dlerror());
    }
    return opened;
  }();
  return handle;
}

template <typename Function>
Function symbol(const char* name) {
  void* address = dlsym(library(), name);
  if (address == nullptr) {
    throw std::runtime_error(std::string(name) + " is not exported");
  }
  return reinterpret_cast<Function>(address);
}

/// Reads one of the texts that softcard_ext.h offers.
inline std::string read_text(std::int32_t (*function)(char*, std::uint64_t, std::uint64_t*)) {
  std::uint64_t needed = 0;
  function(nullptr, 0, &needed);
  std::vector<char> text(needed + 1024);  // others may add to it meanwhile
  if (function(text.data(), text.size(), nullptr) != 0) {
    throw std::runtime_error("The text grew while it was read.");
  }
  return text.data();
}

}  // namespace axllama::softcard::testing

/// AXCL(axclrtMalloc)(...) calls the function of that name in the opened library.
#define AXCL(name) (::axllama::softcard::testing::symbol<decltype(&name)>(#name))
