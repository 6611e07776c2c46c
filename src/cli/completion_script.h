#pragma once

#include <string>
#include <vector>

namespace axllama::cli {

/// What a shell completes about one command.
struct CompletionCommand {
  std::string name;
  std::string description = {};           // one line
  std::vector<std::string> options = {};  // with their dashes: "--format"
  bool takes_models = false;              // its arguments are names of installed models
  std::vector<std::string> words = {};    // what its arguments can be otherwise
};

/// A script for "bash", "zsh" or "fish" that completes commands, their options and the names of installed
/// models (asked of `axllama list`). Throws Error (kInvalidArgument) for other shells.
std::string completion_script(const std::string& shell, const std::vector<CompletionCommand>& commands);

}  // namespace axllama::cli
