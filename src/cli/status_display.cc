#include "cli/status_display.h"

#include <cstdint>
#include <cstdio>

#include "cli/human.h"

namespace axllama::cli {

std::string status_line(const nlohmann::ordered_json& record) {
  const std::string status = record.value("status", "");
  const auto total = record.value("total", std::uint64_t{0});
  if (total == 0 || record.value("digest", "").empty()) return status;
  const std::string size = record.value("digest", "").starts_with("sha256:")
                               ? human_bytes(total)
                               : std::to_string(total) + " files";
  return status + ": " + size;
}

void StatusDisplay::end_bar() {
  if (!bar_) return;
  bar_.reset();
  std::fprintf(stderr, "%s\n", finished_.c_str());
}

void StatusDisplay::show(const nlohmann::ordered_json& record) {
  const std::string status = record.value("status", "");
  const std::string digest = record.value("digest", "");
  const auto total = record.value("total", std::uint64_t{0});
  if (digest.empty() || total == 0) {
    end_bar();
    if (!status.empty() && status != status_) std::fprintf(stderr, "%s\n", status.c_str());
    status_ = status;
    digest_.clear();
    return;
  }
  if (digest != digest_) {
    end_bar();
    digest_ = digest;
    bar_ = std::make_unique<ProgressBar>(status);
  }
  status_ = status;
  finished_ = status_line(record);
  if (bar_) bar_->update(record.value("completed", std::uint64_t{0}), total);
}

}  // namespace axllama::cli
