#include "axcl/library_search.h"

#include <array>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <dlfcn.h>
#include <link.h>

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSoftwareCardSymbol = "axllamaSoftcardCounters";

struct Rung {
  std::string_view name;  // a file name, or its beginning where versions append to it
  bool versioned;
  bool global;
};

/// Dependencies of the vendor's runtime, in loading order. The DMA library uses a symbol of the message
/// library without listing it, so that one has to be global.
constexpr std::array kLadder = {
    Rung{"libspdlog.so", true, false},        Rung{"libaxcl_logger.so", false, false},
    Rung{"libaxcl_pcie_msg.so", false, true}, Rung{"libaxcl_pcie_dma.so", false, false},
    Rung{"libaxcl_token.so", false, false},   Rung{"libaxcl_comm.so", false, false},
    Rung{"libaxcl_pkg.so", false, false},
};

std::string loader_error() {
  const char* text = ::dlerror();  // NOLINT(concurrency-mt-unsafe): thread-local in glibc
  return text == nullptr ? std::string("unknown loader error") : std::string(text);
}

fs::path find_rung(const fs::path& folder, const Rung& rung) {
  std::error_code ignored;
  if (!rung.versioned) {
    fs::path file = folder / rung.name;
    return fs::exists(file, ignored) ? file : fs::path{};
  }
  fs::path best;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(rung.name) && entry.path() > best) best = entry.path();
  }
  return best;
}

/// Libraries opened ahead of the one that needs them; closed again unless kept.
class Ladder {
 public:
  ~Ladder() {
    for (auto handle = handles_.rbegin(); handle != handles_.rend(); ++handle) ::dlclose(*handle);
  }
  Ladder() = default;
  Ladder(const Ladder&) = delete;
  Ladder& operator=(const Ladder&) = delete;

  /// Rungs a version does not have are passed over; one that is there must load. Returns the reason
  /// otherwise.
  std::string climb(const fs::path& folder) {
    for (const Rung& rung : kLadder) {
      const fs::path file = find_rung(folder, rung);
      if (file.empty()) continue;
      void* handle = ::dlopen(file.c_str(), RTLD_NOW | (rung.global ? RTLD_GLOBAL : RTLD_LOCAL));
      if (handle == nullptr) return loader_error();
      handles_.push_back(handle);
    }
    return {};
  }
  void keep() { handles_.clear(); }

 private:
  std::vector<void*> handles_;
};

fs::path loaded_path(void* handle, const fs::path& asked) {
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0 || map == nullptr ||
      map->l_name == nullptr || *map->l_name == '\0') {
    return asked;
  }
  return map->l_name;
}

LibraryAttempt opened(void* handle, const fs::path& asked) {
  return {handle, loaded_path(handle, asked), true, {}};
}

LibraryAttempt incomplete(const fs::path& file, const std::string& reason) {
  return {
      nullptr, file, true,
      "The AXCL runtime " + file.string() + " cannot be loaded completely: " + reason +
          ". Its installation is damaged or incomplete; installing the card's host package again mends it."};
}

fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path{} : program.parent_path();
}

}  // namespace

LibraryAttempt open_library_file(const fs::path& file) {
  if (file.has_parent_path()) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
      return {nullptr, file, false, "The AXCL runtime " + file.string() + " does not exist."};
    }
  }
  if (void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return opened(handle, file);
  std::string reason = loader_error();
  if (!file.has_parent_path()) {
    // A bare name: the loader names the file itself when it found none, and the missing dependency when it
    // did.
    if (reason.starts_with(file.string() + ":") && reason.find("No such file") != std::string::npos) {
      return {nullptr, file, false, "The AXCL runtime " + file.string() + " is not on the loader's path."};
    }
    return incomplete(file, reason);
  }
  Ladder ladder;
  if (std::string broken = ladder.climb(file.parent_path()); !broken.empty()) return incomplete(file, broken);
  if (void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    ladder.keep();
    return opened(handle, file);
  }
  reason = loader_error();
  return incomplete(file, reason);
}

LibraryAttempt open_vendor_library(const fs::path& folder) {
  LibraryAttempt by_name = open_library_file(kVendorLibraryName);
  if (by_name.handle != nullptr) {
    if (::dlsym(by_name.handle, kSoftwareCardSymbol) == nullptr) return by_name;
    ::dlclose(by_name.handle);
    by_name.found = false;
  }
  LibraryAttempt in_folder = open_library_file(folder / kVendorLibraryName);
  if (in_folder.found) return in_folder;
  if (by_name.found) return by_name;
  return {nullptr, in_folder.path, false,
          std::string("The card's runtime is not installed: ") + kVendorLibraryName +
              " is neither on the loader's path nor in " + folder.string() + "."};
}

std::vector<fs::path> software_card_candidates() {
  if (const char* given = std::getenv("AXLLAMA_SOFTCARD_LIBRARY"); given != nullptr && *given != '\0') {
    return {fs::path(given)};
  }
  const fs::path folder = program_folder();
  if (folder.empty()) return {};
  return {(folder / "../lib/softcard" / kVendorLibraryName).lexically_normal(),
          (folder / "../lib/axllama/softcard" / kVendorLibraryName).lexically_normal()};
}

}  // namespace axllama::axcl
