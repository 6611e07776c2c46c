#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::cli {

/// The lines that were typed, as Ollama keeps them: a file of lines, the newest last.
class EditHistory {
 public:
  static constexpr std::size_t kMostEntries = 100;

  /// `file` empty: nothing is kept over the end of the program.
  explicit EditHistory(std::filesystem::path file);

  /// Adds an entry and writes the file, which its owner alone may read. Failures to write are not told.
  void add(const std::string& entry);

  /// Goes to an older entry; `current`: what is typed now, which newer() comes back to. Empty at the oldest.
  std::optional<std::string> older(const std::string& current);
  std::optional<std::string> newer();
  /// The newest entry is next to be gone to again.
  void leave() noexcept { place_ = entries_.size(); }

  /// The newest entry that contains `text` and is older than number `before`; and its number.
  std::optional<std::size_t> find(std::string_view text, std::size_t before) const;
  const std::string& entry(std::size_t number) const { return entries_[number]; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  void push(std::string entry);
  void load();
  void save() const;

  std::filesystem::path file_;
  std::deque<std::string> entries_;
  std::size_t place_ = 0;  // of the entry shown; size(): none
  std::string typed_;
};

}  // namespace axllama::cli
