#include "cli/status_display.h"

#include <cstdint>
#include <cstdio>

#include "cli/human.h"
#include "cli/progress_line.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What a record with a size counts: bytes of a blob, or files.
std::string counted_in(const Json& record) {
  return record.value("digest", "").starts_with("sha256:") ? "" : "files";
}

std::string finished(const Json& record) {
  if (!stderr_is_terminal()) return status_line(record);
  return finished_line(record.value("status", ""), record.value("total", std::uint64_t{0}),
                       counted_in(record), stderr_width());
}

}  // namespace

std::string status_line(const Json& record) {
  const std::string status = record.value("status", "");
  const auto total = record.value("total", std::uint64_t{0});
  if (total == 0 || record.value("digest", "").empty()) return status;
  const std::string counted = counted_in(record);
  return status + ": " + (counted.empty() ? human_bytes(total) : std::to_string(total) + " " + counted);
}

void StatusDisplay::end_bar() {
  if (!bar_) return;
  bar_.reset();
  std::fprintf(stderr, "%s\n", finished_.c_str());
}

void StatusDisplay::show(const Json& record) {
  const std::string status = record.value("status", "");
  if (!record.value("digest", "").empty() && record.value("total", std::uint64_t{0}) != 0) {
    spinner_.reset();
    show_bar(record);
  } else {
    end_bar();
    if (status != status_) spinner_.reset();
    if (!status.empty() && status != status_) spinner_.emplace(status);
    digest_.clear();
  }
  status_ = status;
}

void StatusDisplay::show_bar(const Json& record) {
  const std::string digest = record.value("digest", "");
  if (digest != digest_) {
    end_bar();
    digest_ = digest;
    bar_.emplace(record.value("status", ""), counted_in(record));
  }
  finished_ = finished(record);
  bar_->update(record.value("completed", std::uint64_t{0}), record.value("total", std::uint64_t{0}));
}

}  // namespace axllama::cli
