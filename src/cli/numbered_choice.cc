#include "cli/numbered_choice.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "cli/terminal.h"

namespace axllama::cli {

bool can_ask() noexcept {
  return stdin_is_terminal() && stderr_is_terminal();
}

std::string ask(const std::string& question) {
  std::fputs(question.c_str(), stderr);
  std::string line;
  std::getline(std::cin, line);
  return line;
}

std::optional<std::size_t> chosen(const std::vector<std::string>& entries, const std::string& answer) {
  if (answer.empty() && !entries.empty()) return 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (answer == entries[i] || answer == std::to_string(i + 1)) return i;
  }
  return std::nullopt;
}

std::size_t choose(const std::vector<std::string>& entries, const std::string& question) {
  std::string list;
  for (std::size_t i = 0; i < entries.size(); ++i) list += std::to_string(i + 1) + "  " + entries[i] + "\n";
  const std::string answer = ask(list + question + " [1]: ");
  const std::optional<std::size_t> place = chosen(entries, answer);
  if (!place) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "there is no '" + answer + "' in the list");
  }
  return *place;
}

}  // namespace axllama::cli
