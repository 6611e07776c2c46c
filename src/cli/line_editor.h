#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace axllama::cli {

/// Reads lines with history and editing (libedit) on a terminal. Main thread only.
class LineEditor {
 public:
  /// `history_file` empty: no history is kept. The file is created with mode 0600 and holds the last 100
  /// lines.
  explicit LineEditor(std::filesystem::path history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Status { kLine, kInterrupted, kEnd };
  struct Result {
    Status status = Status::kEnd;
    std::string line;  // without the newline
  };
  Result read(const std::string& prompt);
  void remember(const std::string& entry);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// ~/.ollama/history, or empty when OLLAMA_NOHISTORY says so or there is no home.
std::filesystem::path default_history_file();

}  // namespace axllama::cli
