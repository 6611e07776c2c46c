#include "cli/repl_command.h"

#include <sstream>
#include <utility>

namespace axllama::cli {
namespace {

constexpr std::string_view kFence = "\"\"\"";
constexpr std::string_view kSetSystem = "/set system ";
constexpr std::string_view kBlanks = " \t";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

bool is_repl_command(std::string_view line) noexcept {
  if (!line.starts_with('/')) return false;
  const std::string_view word = line.substr(1, line.find_first_of(kBlanks) - 1);
  return word.find_first_of("/.") == std::string_view::npos;
}

ReplCommand parse_repl_command(std::string_view line) {
  ReplCommand command;
  std::istringstream words{std::string(line.substr(1))};
  words >> command.name;
  for (std::string word; words >> word;) command.arguments.push_back(word);
  if (!command.arguments.empty()) {
    const std::string& first = command.arguments.front();
    const auto after_name = line.find(first, 1 + command.name.size());
    command.rest = trim(line.substr(after_name + first.size()));
  }
  return command;
}

bool MessageReader::push(std::string_view line) {
  if (!continuing_) {
    text_ = line.starts_with(kSetSystem) ? kSetSystem : "";
    line.remove_prefix(text_.size());
    if (!line.starts_with(kFence)) {
      text_ += line;
      return true;
    }
    line.remove_prefix(kFence.size());
    continuing_ = true;
  } else {
    text_ += '\n';
  }
  const auto end = line.find(kFence);
  text_ += line.substr(0, end);
  continuing_ = end == std::string_view::npos;
  return !continuing_;
}

std::string MessageReader::take() {
  return std::exchange(text_, {});
}

void MessageReader::reset() {
  text_.clear();
  continuing_ = false;
}

}  // namespace axllama::cli
