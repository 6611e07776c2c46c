#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

#include "tests/paths.h"

namespace axllama::testing {

/// The software card that this build made.
inline std::filesystem::path software_card_library() {
  return std::filesystem::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
}

/// A function that the software card exports beyond the vendor's (softcard/abi/softcard_ext.h).
template <typename Function>
Function* software_card_function(const char* name) {
  void* library = ::dlopen(software_card_library().c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : ::dlsym(library, name);
  if (symbol == nullptr) {
    throw std::runtime_error(std::string("no ") + name + " in " + software_card_library().string());
  }
  return reinterpret_cast<Function*>(symbol);
}

/// What a function of it writes into a buffer.
inline std::string software_card_text(const char* function) {
  const auto read = software_card_function<std::int32_t(char*, std::uint64_t, std::uint64_t*)>(function);
  std::uint64_t size = 0;
  read(nullptr, 0, &size);
  std::string text(size, '\0');
  read(text.data(), text.size(), nullptr);
  text.resize(text.empty() ? 0 : text.size() - 1);  // without its zero
  return text;
}

/// What the software card in this process has found wrong since clear_software_card_reports(): a JSON array.
inline std::string software_card_reports() {
  return software_card_text("axllamaSoftcardReports");
}

/// What the software card in this process has done: a JSON object (docs/softcard.md, "Counters").
inline std::string software_card_counters() {
  return software_card_text("axllamaSoftcardCounters");
}

inline void clear_software_card_reports() {
  software_card_function<std::int32_t()>("axllamaSoftcardClearReports")();
}

/// Settings (docs/softcard.md) for the software card in this process, until the object goes.
class SoftcardSettings {
 public:
  explicit SoftcardSettings(const std::string& json) { set(json); }
  ~SoftcardSettings() { configure(nullptr); }
  SoftcardSettings(const SoftcardSettings&) = delete;
  SoftcardSettings& operator=(const SoftcardSettings&) = delete;

  static void set(const std::string& json) {
    if (configure(json.c_str()) != 0) {
      throw std::runtime_error("the software card does not understand " + json);
    }
  }

 private:
  static std::int32_t configure(const char* json) {
    static const auto function =
        software_card_function<std::int32_t(const char*)>("axllamaSoftcardConfigure");
    return function(json);
  }
};

}  // namespace axllama::testing
