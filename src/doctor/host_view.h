#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace axllama::doctor {

/// The host as its files show it. Tests put a folder in place of "/".
struct HostView {
  std::filesystem::path root = "/";
  std::size_t page_size = 0;  // bytes; 0: the system's
  /// Whether this process may read and write a file; the default asks the system.
  std::function<bool(const std::filesystem::path&)> usable;

  std::filesystem::path at(const std::filesystem::path& absolute) const {
    return root / absolute.relative_path();
  }
  bool exists(const std::filesystem::path& absolute) const;
  bool may_use(const std::filesystem::path& absolute) const;
  std::size_t page_bytes() const;

  /// The whole file; empty when it cannot be read.
  std::string text(const std::filesystem::path& absolute) const;
  /// Its first line without blanks at the ends.
  std::string line(const std::filesystem::path& absolute) const;
  std::optional<std::int64_t> number(const std::filesystem::path& absolute) const;
  /// Names in a folder, sorted; empty when there is none.
  std::vector<std::string> names(const std::filesystem::path& absolute) const;
};

}  // namespace axllama::doctor
