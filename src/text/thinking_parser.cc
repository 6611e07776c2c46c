#include "text/thinking_parser.h"

#include <algorithm>
#include <utility>

namespace axllama::text {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

std::size_t white_space_prefix(std::string_view text) {
  return std::min(text.find_first_not_of(kWhiteSpace), text.size());
}

/// Length of the longest beginning of `tag` that `text` ends with.
std::size_t tag_suffix(std::string_view text, std::string_view tag) {
  for (std::size_t length = std::min(text.size(), tag.size() - 1); length > 0; --length) {
    if (text.ends_with(tag.substr(0, length))) {
      return length;
    }
  }
  return 0;
}

}  // namespace

ThinkingParser::ThinkingParser(bool inside, ThinkingTags tags)
    : tags_(std::move(tags)), state_(inside ? State::kBeforeThinking : State::kStart) {}

/// One move of the state machine over held_; false when more text is needed.
bool ThinkingParser::step(Output& output) {
  switch (state_) {
    case State::kStart: {
      const std::string_view rest = std::string_view(held_).substr(white_space_prefix(held_));
      if (rest.starts_with(tags_.opening)) {
        held_ = rest.substr(tags_.opening.size());
        state_ = State::kBeforeThinking;
        return true;
      }
      if (std::string_view(tags_.opening).starts_with(rest)) {
        return false;
      }
      state_ = State::kContent;
      return true;
    }
    case State::kBeforeThinking:
      held_.erase(0, white_space_prefix(held_));
      if (held_.empty()) {
        return false;
      }
      state_ = State::kThinking;
      return true;
    case State::kThinking:
      return step_thinking(output);
    case State::kAfterThinking:
      held_.erase(0, white_space_prefix(held_));
      if (held_.empty()) {
        return false;
      }
      state_ = State::kContent;
      return true;
    case State::kContent:
      output.content += std::exchange(held_, {});
      break;
  }
  return false;
}

bool ThinkingParser::step_thinking(Output& output) {
  blank_ = std::min(held_.find_first_not_of(kWhiteSpace, blank_), held_.size());
  const std::string_view rest = std::string_view(held_).substr(blank_);
  // The first of the texts that end thoughts; without one, what may be the beginning of one stays.
  std::size_t end = rest.find(tags_.closing);
  std::size_t certain = end != std::string::npos ? end : rest.size() - tag_suffix(rest, tags_.closing);
  bool interrupted = false;
  for (const std::string& interruption : tags_.interruptions) {
    const std::size_t found = rest.find(interruption);
    certain =
        std::min(certain, found != std::string::npos ? found : rest.size() - tag_suffix(rest, interruption));
    if (found < end) {
      end = found;
      interrupted = true;
    }
  }
  if (certain > 0) {
    const std::size_t shown =
        std::string_view(held_).substr(0, blank_ + certain).find_last_not_of(kWhiteSpace) + 1;
    output.thinking += std::string_view(held_).substr(0, shown);
    held_.erase(0, shown);
    blank_ = 0;
    return true;
  }
  if (end != 0) {
    return false;
  }
  held_.erase(0, blank_ + (interrupted ? 0 : tags_.closing.size()));
  state_ = State::kAfterThinking;
  return true;
}

ThinkingParser::Output ThinkingParser::push(std::string_view text) {
  held_ += text;
  Output output;
  while (step(output)) {
  }
  return output;
}

ThinkingParser::Output ThinkingParser::flush() {
  Output output;
  if (state_ == State::kStart) {
    output.content = std::exchange(held_, {});
  } else if (state_ == State::kThinking) {
    const auto last = held_.find_last_not_of(kWhiteSpace);
    output.thinking = held_.substr(0, last == std::string::npos ? 0 : last + 1);
  }
  held_.clear();
  return output;
}

}  // namespace axllama::text
