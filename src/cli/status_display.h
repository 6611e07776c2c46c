#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/progress_bar.h"
#include "cli/spinner.h"

namespace axllama::cli {

/// Shows the records of long work on a model on standard error: each status once, as a line (on a terminal
/// with a spinner while it lasts), or as a bar while it has a size; a bar that is given up is erased. Not
/// thread-safe.
class StatusDisplay {
 public:
  void show(const nlohmann::ordered_json& record);

 private:
  void end_bar();
  void show_bar(const nlohmann::ordered_json& record);

  std::string status_;  // shown last
  std::string digest_;  // of the bar
  std::optional<Spinner> spinner_;
  std::optional<ProgressBar> bar_;
  std::string finished_;  // the line that takes the bar's place
};

/// How a finished record with a size is told where there is no terminal: "pulling 7f4030143c1c: 523 MB"; else
/// its status.
std::string status_line(const nlohmann::ordered_json& record);

}  // namespace axllama::cli
