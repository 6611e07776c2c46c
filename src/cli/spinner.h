#pragma once

#include <string>
#include <thread>

namespace axllama::cli {

/// A status on standard error while it lasts: a line with a sign that turns on a terminal, the plain line
/// elsewhere. Nobody else may write there meanwhile.
class Spinner {
 public:
  explicit Spinner(std::string label);
  ~Spinner();  // leaves the line without the sign
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;

 private:
  std::string label_;
  std::jthread thread_;  // on a terminal
};

}  // namespace axllama::cli
