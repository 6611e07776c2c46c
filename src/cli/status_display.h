#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/progress_bar.h"

namespace axllama::cli {

/// Shows the records of long work on a model on standard error: each status once, as a line, or as a bar
/// while it has a size. Not thread-safe.
class StatusDisplay {
 public:
  void show(const nlohmann::ordered_json& record);

 private:
  void end_bar();

  std::string status_;  // shown last
  std::string digest_;  // of the bar
  std::unique_ptr<ProgressBar> bar_;
  std::string finished_;  // the line that takes the bar's place
};

/// "pulling 7f4030143c1c: 523 MB" for a finished record with a size, else its status.
std::string status_line(const nlohmann::ordered_json& record);

}  // namespace axllama::cli
