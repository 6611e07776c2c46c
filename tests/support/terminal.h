#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "tests/support/process.h"

namespace axllama::testing {

/// A program on a terminal of its own: what is typed comes to it key by key. Every wait ends.
class TerminalProcess {
 public:
  TerminalProcess(const std::vector<std::string>& arguments, const Environment& environment);
  ~TerminalProcess();  // kills it when it still runs
  TerminalProcess(const TerminalProcess&) = delete;
  TerminalProcess& operator=(const TerminalProcess&) = delete;

  void type(std::string_view keys) const;
  /// Reads until `text` has been shown behind what earlier calls have found; false when it never is.
  bool shows(std::string_view text);
  /// The exit status, once everything that it showed has been read; -1 when it does not end.
  int wait();
  const std::string& output() const noexcept { return output_; }

 private:
  bool read_more();

  int terminal_ = -1;
  pid_t pid_ = -1;
  std::string output_;
  std::size_t seen_ = 0;  // of the output, by shows()
};

}  // namespace axllama::testing
