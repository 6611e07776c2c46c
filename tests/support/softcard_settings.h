#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace axllama::testing {

/// The software card that this build made.
inline std::filesystem::path software_card_library() {
  return std::filesystem::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
}

/// Settings (docs/softcard.md) for the software card in this process, until the object goes.
class SoftcardSettings {
 public:
  explicit SoftcardSettings(const std::string& json) { set(json); }
  ~SoftcardSettings() { configure()(nullptr); }
  SoftcardSettings(const SoftcardSettings&) = delete;
  SoftcardSettings& operator=(const SoftcardSettings&) = delete;

  static void set(const std::string& json) {
    if (configure()(json.c_str()) != 0) {
      throw std::runtime_error("the software card does not understand " + json);
    }
  }

 private:
  using Configure = std::int32_t (*)(const char*);
  static Configure configure() {
    static const auto function = [] {
      void* library = ::dlopen(software_card_library().c_str(), RTLD_NOW | RTLD_LOCAL);
      void* symbol = library == nullptr ? nullptr : ::dlsym(library, "axllamaSoftcardConfigure");
      if (symbol == nullptr) {
        throw std::runtime_error("no software card at " + software_card_library().string());
      }
      return reinterpret_cast<Configure>(symbol);
    }();
    return function;
  }
};

}  // namespace axllama::testing
