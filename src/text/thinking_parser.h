#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text {

/// The tags around a model's thoughts.
struct ThinkingTags {
  std::string opening = "<think>";
  std::string closing = "</think>";
  /// What ends thoughts too, as a part of the content: models sometimes begin to call a tool without closing
  /// their thoughts.
  std::vector<std::string> interruptions = {};
};

/// Splits an answer that arrives in parts into what the model thought and what it says. White space before
/// the opening tag, around the thoughts and after the closing tag is dropped. Without an opening tag at its
/// beginning the whole answer is content. Parts that may turn out to be a tag are held back; the result does
/// not depend on how the text was cut. Used by one thread at a time.
class ThinkingParser {
 public:
  struct Output {
    std::string thinking;
    std::string content;
  };

  /// `inside`: the prompt ended with the opening tag already, so the answer begins with thoughts.
  explicit ThinkingParser(bool inside = false, ThinkingTags tags = {});

  /// What is certain after the next part of the text, UTF-8.
  Output push(std::string_view text);
  /// What was held back, when the answer is over.
  Output flush();

  /// True from the closing tag on, and for answers without thoughts once that is certain.
  bool thinking_done() const noexcept { return state_ == State::kContent || state_ == State::kAfterThinking; }

 private:
  enum class State {
    kStart,           // nothing but white space so far, or the beginning of an opening tag
    kBeforeThinking,  // white space after the opening tag
    kThinking,
    kAfterThinking,  // white space after the closing tag
    kContent,
  };

  bool step(Output& output);
  bool step_thinking(Output& output);

  ThinkingTags tags_;
  State state_;
  std::string held_;       // not yet given out
  std::size_t blank_ = 0;  // bytes at the front of held_ known to be white space (while thinking)
};

}  // namespace axllama::text
