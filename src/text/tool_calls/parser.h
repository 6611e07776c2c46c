#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls/format.h"
#include "text/tool_calls/json_scanner.h"
#include "text/tool_calls/offered_tools.h"
#include "text/tool_calls/tool_call.h"

namespace axllama::text {

/// Finds the calls of tools in an answer that arrives in parts. The result does not depend on how the text
/// was cut. Text is held back only while it may be the beginning of a call; what turns out to be none, or
/// cannot be read as one, comes out as content: nothing is lost but the markers of calls and the white space
/// beside them. Time and memory are limited, whatever the text. Used by one thread at a time.
class ToolCallParser {
 public:
  static constexpr std::size_t kMostCallBytes = std::size_t{256} << 10U;  // longer ones are content
  static constexpr std::size_t kMostReadAgain = std::size_t{4}
                                                << 20U;  // then the rest of the answer is content
  static constexpr std::size_t kMostBlankBytes = 64;     // white space beside a call that is dropped with it
  static constexpr std::size_t kMostNameBytes = 256;

  struct Output {
    std::string content;
    std::vector<ToolCall> calls;              // without identifiers; arguments as fit_arguments() leaves them
    std::vector<std::size_t> content_before;  // of each call: bytes of the content in front of it
  };

  ToolCallParser(ToolCallFormat format, OfferedTools tools);

  /// What is certain after the next part of the text, UTF-8.
  Output push(std::string_view text);
  /// What was held back, when the answer is over.
  Output flush();

  const OfferedTools& tools() const noexcept { return tools_; }
  /// Bytes of the text that are not part of the content: calls, their markers, white space beside them.
  std::size_t hidden_bytes() const noexcept { return hidden_; }

 private:
  enum class State : std::uint8_t {
    kContent,
    kOpened,  // after an opening
    kName,    // a name that stands alone
    kJson,    // a call, a list of calls, or the arguments of name_
    kTags,
    kAfterCall,
    kGivenUp,
  };
  enum class Match : std::uint8_t { kNone, kPartial, kFull };
  struct Found {
    Match match = Match::kNone;
    std::size_t length = 0;
  };

  bool step(Output& output);
  bool step_content(Output& output);
  bool step_opened(Output& output);
  bool step_name(Output& output);
  bool step_json(Output& output);
  bool step_tags(Output& output);
  bool step_after_call();

  Found find(const std::vector<std::string>& markers, std::string_view text) const;
  Found find(std::string_view marker, std::string_view text) const;
  Found find_bare(std::size_t at) const;
  void begin(State state, std::size_t at);
  bool wait_or_fail(Output& output);
  bool fail(Output& output);
  bool finish(std::vector<ToolCall> calls, Output& output);
  void give_out(std::size_t count, Output& output);
  std::size_t after_blank(std::size_t at) const;

  ToolCallFormat format_;
  OfferedTools tools_;
  State state_ = State::kContent;
  bool ended_ = false;
  std::string held_;              // not given out
  std::size_t at_ = 0;            // held_ up to here has been read
  std::size_t body_ = 0;          // where in held_ the call itself begins
  std::size_t introduction_ = 0;  // bytes of held_ that are content for certain if this is no call
  bool needs_offer_ = false;      // only the call of an offered tool is one (nothing announced it)
  std::string name_;              // of kJson, when it stood before the arguments
  JsonScanner scanner_;
  bool only_blank_given_ = true;  // in the content so far
  bool line_is_blank_ = true;     // in its last line
  std::size_t hidden_ = 0;
  std::size_t read_again_ = 0;
};

}  // namespace axllama::text
