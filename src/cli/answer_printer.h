#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace axllama::cli {

/// Prints an answer to standard output as its records arrive: thinking in grey between two marker lines,
/// words wrapped on a terminal, statistics on standard error at the end when asked for.
class AnswerPrinter {
 public:
  struct Options {
    bool word_wrap = true;
    bool hide_thinking = false;
    bool verbose = false;
  };
  explicit AnswerPrinter(Options options);

  /// A record of /api/chat or /api/generate.
  void record(const nlohmann::ordered_json& record);
  /// Ends the line; prints the statistics of the last record when verbose.
  void finish();

  const std::string& content() const noexcept { return content_; }

 private:
  void thinking(const std::string& text);
  void answer(const std::string& text);
  void print(const std::string& text);
  void end_thinking();

  Options options_;
  bool colours_;
  WordWrap wrap_;
  bool in_thinking_ = false;
  std::string content_;
  nlohmann::ordered_json last_;
};

/// The lines of `--verbose`, labels padded to 22 columns.
std::string format_statistics(const nlohmann::ordered_json& final_record);

}  // namespace axllama::cli
