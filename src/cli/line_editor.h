#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace axllama::cli {

/// Reads lines with history and editing on a terminal; a terminal that cannot move its cursor (TERM=dumb)
/// edits by itself. Main thread only.
class LineEditor {
 public:
  /// `history_file` empty: no history is kept.
  explicit LineEditor(std::filesystem::path history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Status { kLine, kInterrupted, kEnd };
  struct Result {
    Status status = Status::kEnd;
    std::string line;  // without the newline at its end; a pasted text may hold others
  };
  /// `continuation` stands in front of further rows; `placeholder` in place of an empty text, where colours
  /// may be used.
  Result read(const std::string& prompt, const std::string& continuation = "... ",
              const std::string& placeholder = {});
  void remember(const std::string& entry);

  /// Whether placeholders are seen.
  bool shows_placeholder() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// ~/.ollama/history, or empty when OLLAMA_NOHISTORY says so or there is no home.
std::filesystem::path default_history_file();

/// The program that edits texts: OLLAMA_EDITOR (AXLLAMA_EDITOR), VISUAL, EDITOR, else vi.
std::string editor_command();

}  // namespace axllama::cli
