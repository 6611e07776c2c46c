#include "cli/edit_history.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace axllama::cli {
namespace {

constexpr mode_t kPrivate = S_IRUSR | S_IWUSR;

}  // namespace

EditHistory::EditHistory(std::filesystem::path file) : file_(std::move(file)) {
  load();
  leave();
}

void EditHistory::load() {
  std::ifstream stream(file_);
  for (std::string line; std::getline(stream, line);) push(std::move(line));
}

void EditHistory::push(std::string entry) {
  if (entry.empty() || (!entries_.empty() && entries_.back() == entry)) return;
  entries_.push_back(std::move(entry));
  if (entries_.size() > kMostEntries) entries_.pop_front();
}

void EditHistory::add(const std::string& entry) {
  push(entry);
  leave();
  if (!file_.empty()) save();
}

void EditHistory::save() const {
  std::error_code ignored;
  std::filesystem::create_directories(file_.parent_path(), ignored);
  const std::string unfinished = file_.string() + "." + std::to_string(::getpid());
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kPrivate);
  if (descriptor < 0) return;
  std::string text;
  for (const std::string& entry : entries_) text += entry + "\n";
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  std::filesystem::rename(unfinished, file_, ignored);
  if (!written || ignored) ::unlink(unfinished.c_str());
}

std::optional<std::string> EditHistory::older(const std::string& current) {
  if (place_ == 0) return std::nullopt;
  if (place_ == entries_.size()) typed_ = current;
  return entries_[--place_];
}

std::optional<std::string> EditHistory::newer() {
  if (place_ == entries_.size()) return std::nullopt;
  ++place_;
  return place_ == entries_.size() ? typed_ : entries_[place_];
}

std::optional<std::size_t> EditHistory::find(std::string_view text, std::size_t before) const {
  for (std::size_t number = std::min(before, entries_.size()); number-- > 0;) {
    if (entries_[number].find(text) != std::string::npos) return number;
  }
  return std::nullopt;
}

}  // namespace axllama::cli
