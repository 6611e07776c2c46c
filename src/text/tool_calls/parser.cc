#include "text/tool_calls/parser.h"

#include <algorithm>
#include <utility>

#include "text/tool_calls/arguments.h"
#include "text/tool_calls/call_reader.h"

namespace axllama::text {
namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kFunctionTag = "<function=";
constexpr std::string_view kFunctionEnd = "</function>";

bool is_blank(char byte) {
  return kBlank.find(byte) != std::string_view::npos;
}

bool is_name(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         byte == '_' || byte == '-' || byte == '.' || byte == '/' || byte == ':';
}

/// The members that calls begin with; other objects are not waited for.
bool may_begin_call(const std::string& key) {
  constexpr std::string_view kKeys[] = {"name", "type", "function", "id", "arguments", "parameters"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

}  // namespace

ToolCallParser::ToolCallParser(ToolCallFormat format, OfferedTools tools)
    : format_(std::move(format)), tools_(std::move(tools)) {}

ToolCallParser::Output ToolCallParser::push(std::string_view text) {
  held_ += text;
  Output output;
  while (step(output)) {
  }
  return output;
}

ToolCallParser::Output ToolCallParser::flush() {
  ended_ = true;
  Output output;
  while (step(output)) {
  }
  if (state_ == State::kAfterCall) {
    hidden_ += std::exchange(held_, {}).size();
  } else {
    give_out(held_.size(), output);
  }
  return output;
}

/// One move of the state machine over held_; false when more text is needed.
bool ToolCallParser::step(Output& output) {
  switch (state_) {
    case State::kContent:
      return step_content(output);
    case State::kOpened:
      return step_opened(output);
    case State::kName:
      return step_name(output);
    case State::kJson:
      return step_json(output);
    case State::kTags:
      return step_tags(output);
    case State::kAfterCall:
      return step_after_call();
    case State::kGivenUp:
      break;
  }
  give_out(held_.size(), output);
  return false;
}

bool ToolCallParser::step_content(Output& output) {
  bool only_blank = only_blank_given_;
  bool line_blank = line_is_blank_;
  std::size_t blank_begin = 0;  // of the white space before i
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const char byte = held_[i];
    if (is_blank(byte)) {
      line_blank = line_blank || byte == '\n';
      continue;
    }
    if (i - blank_begin > kMostBlankBytes) {
      blank_begin = i - kMostBlankBytes;
    }
    const std::string_view rest = std::string_view(held_).substr(i);
    Found found = find(format_.openings, rest);
    if (found.match == Match::kNone && format_.tagged) {
      found = find(kFunctionTag, rest);
      found.length = 0;
    }
    const bool may_be_bare = found.match == Match::kNone && (format_.bare ? line_blank : only_blank);
    if (may_be_bare) {
      found = find_bare(i);
    }
    if (found.match == Match::kNone) {
      only_blank = false;
      line_blank = false;
      blank_begin = i + 1;
      continue;
    }
    give_out(blank_begin, output);
    if (found.match == Match::kPartial) {
      return false;
    }
    const std::size_t opening = i - blank_begin;
    introduction_ = opening + std::max<std::size_t>(found.length, 1);
    needs_offer_ = may_be_bare;
    begin(may_be_bare ? State::kJson : State::kOpened, opening + found.length);
    return true;
  }
  if (ended_) {
    give_out(held_.size(), output);
  } else {
    give_out(std::max(blank_begin, held_.size() - std::min(held_.size(), kMostBlankBytes)), output);
  }
  return false;
}

bool ToolCallParser::step_opened(Output& output) {
  at_ = after_blank(at_);
  const std::string_view rest = std::string_view(held_).substr(at_);
  if (rest.empty() || at_ > kMostCallBytes) {
    return wait_or_fail(output);
  }
  Found found = find(format_.openings, rest);
  if (found.match == Match::kFull) {
    at_ += found.length;
    introduction_ = at_;
    return true;
  }
  if (found.match == Match::kPartial) {
    return wait_or_fail(output);
  }
  if (rest.front() == '{' || rest.front() == '[') {
    begin(State::kJson, at_);
    return true;
  }
  found = find(kFunctionTag, rest);
  if (found.match == Match::kFull) {
    begin(State::kTags, at_);
    return true;
  }
  if (found.match == Match::kPartial) {
    return wait_or_fail(output);
  }
  if (format_.named && is_name(rest.front())) {
    begin(State::kName, at_);
    return true;
  }
  return fail(output);
}

/// NAME, perhaps an identifier in brackets, the separator, and the arguments.
bool ToolCallParser::step_name(Output& output) {
  const std::string_view window = std::string_view(held_).substr(body_, kMostNameBytes);
  const auto arguments = window.find('{');
  if (arguments == std::string_view::npos) {
    at_ = body_ + window.size();
    return window.size() == kMostNameBytes ? fail(output) : wait_or_fail(output);
  }
  at_ = body_ + arguments;
  const std::string_view before = window.substr(0, arguments);
  const auto name_end =
      static_cast<std::size_t>(std::find_if_not(before.begin(), before.end(), is_name) - before.begin());
  const std::string_view gap = before.substr(name_end);
  const bool has_separator =
      !format_.separator.empty() && gap.find(format_.separator) != std::string_view::npos;
  if (!has_separator && gap.find_first_not_of(kBlank) != std::string_view::npos) {
    return fail(output);
  }
  name_ = before.substr(0, name_end);
  begin(State::kJson, at_);
  return true;
}

bool ToolCallParser::step_json(Output& output) {
  while (at_ < held_.size()) {
    const JsonScanner::Result result = scanner_.push(held_[at_++]);
    if (result == JsonScanner::Result::kDone) {
      const std::string_view text = std::string_view(held_).substr(body_, at_ - body_);
      return finish(name_.empty() ? read_json_calls(text) : read_named_call(name_, text), output);
    }
    const auto& key = scanner_.first_key();
    if (result == JsonScanner::Result::kBroken || at_ > kMostCallBytes ||
        (needs_offer_ && key && !may_begin_call(*key))) {
      return fail(output);
    }
  }
  return wait_or_fail(output);
}

bool ToolCallParser::step_tags(Output& output) {
  const std::string_view window = std::string_view(held_).substr(0, kMostCallBytes);
  const std::size_t overlap = std::min(at_ - body_, kFunctionEnd.size() - 1);
  const auto end = window.find(kFunctionEnd, at_ - overlap);
  if (end != std::string_view::npos) {
    at_ = end + kFunctionEnd.size();
    return finish(read_tagged_call(window.substr(body_, at_ - body_), tools_), output);
  }
  at_ = window.size();
  return at_ == kMostCallBytes ? fail(output) : wait_or_fail(output);
}

/// More calls may follow, with closings, openings, white space, or a comma or semicolon between.
bool ToolCallParser::step_after_call() {
  const std::size_t next = after_blank(0);
  if (next > kMostBlankBytes) {
    hidden_ += next - kMostBlankBytes;
    held_.erase(0, next - kMostBlankBytes);
    return true;
  }
  const std::string_view rest = std::string_view(held_).substr(next);
  if (rest.empty()) {
    return false;
  }
  const Found closing = find(format_.closings, rest);
  if (closing.match == Match::kFull) {
    hidden_ += next + closing.length;
    held_.erase(0, next + closing.length);
    return true;
  }
  const Found opening = find(format_.openings, rest);
  if (opening.match == Match::kFull) {
    introduction_ = next + opening.length;
    needs_offer_ = false;
    begin(State::kOpened, introduction_);
    return true;
  }
  if (closing.match == Match::kPartial || opening.match == Match::kPartial) {
    return false;
  }
  std::size_t call = next;
  if (rest.front() == ',' || rest.front() == ';') {
    call = after_blank(next + 1);
    if (call == held_.size() && !ended_ && call - next <= kMostBlankBytes) {
      return false;
    }
  }
  const Found bare = call < held_.size() && call - next <= kMostBlankBytes ? find_bare(call) : Found();
  if (bare.match == Match::kPartial) {
    return false;
  }
  if (bare.match == Match::kFull) {
    introduction_ = call + 1;
    needs_offer_ = true;
    begin(State::kJson, call);
    return true;
  }
  if (only_blank_given_) {  // nothing to keep the white space apart from
    hidden_ += next;
    held_.erase(0, next);
  }
  state_ = State::kContent;
  return true;
}

/// Whether `text` begins with `marker`, or may when it goes on.
ToolCallParser::Found ToolCallParser::find(std::string_view marker, std::string_view text) const {
  if (text.starts_with(marker)) {
    return {Match::kFull, marker.size()};
  }
  return {!ended_ && marker.starts_with(text) ? Match::kPartial : Match::kNone, 0};
}

/// Whether an object, or a list of objects, begins at `at`.
ToolCallParser::Found ToolCallParser::find_bare(std::size_t at) const {
  std::size_t object = at;
  if (held_[at] == '[') {
    object = after_blank(at + 1);
    if (object - at > kMostBlankBytes) {
      return {};
    }
    if (object == held_.size()) {
      return {ended_ ? Match::kNone : Match::kPartial, 0};
    }
  }
  return {held_[object] == '{' ? Match::kFull : Match::kNone, 0};
}

/// The shortest of the markers, so that the answer does not depend on what is to come.
ToolCallParser::Found ToolCallParser::find(const std::vector<std::string>& markers,
                                           std::string_view text) const {
  Found best;
  for (const std::string& marker : markers) {
    const Found found = find(marker, text);
    if (found.match > best.match || (found.match == Match::kFull && found.length < best.length)) {
      best = found;
    }
  }
  return best;
}

void ToolCallParser::begin(State state, std::size_t at) {
  state_ = state;
  at_ = at;
  body_ = at;
  if (state != State::kJson) {
    name_.clear();
  }
  scanner_ = {};
}

bool ToolCallParser::wait_or_fail(Output& output) {
  return ended_ || at_ > kMostCallBytes ? fail(output) : false;
}

/// This is no call: its introduction is content, and what follows is read again.
bool ToolCallParser::fail(Output& output) {
  read_again_ += at_ - std::min(at_, introduction_);
  give_out(introduction_, output);
  state_ = read_again_ > kMostReadAgain ? State::kGivenUp : State::kContent;
  name_.clear();
  return true;
}

bool ToolCallParser::finish(std::vector<ToolCall> calls, Output& output) {
  const auto is_offered = [this](const ToolCall& call) { return tools_.has(call.name); };
  if (calls.empty() || (needs_offer_ && !std::all_of(calls.begin(), calls.end(), is_offered))) {
    return fail(output);
  }
  for (ToolCall& call : calls) {
    if (const auto* schema = tools_.parameters(call.name)) {
      call.arguments = fit_arguments(*schema, std::move(call.arguments));
    }
    output.calls.push_back(std::move(call));
    output.content_before.push_back(output.content.size());
  }
  hidden_ += at_;
  held_.erase(0, at_);
  name_.clear();
  state_ = State::kAfterCall;
  return true;
}

void ToolCallParser::give_out(std::size_t count, Output& output) {
  const std::string_view text = std::string_view(held_).substr(0, count);
  for (const char byte : text) {
    if (byte == '\n') {
      line_is_blank_ = true;
    } else if (!is_blank(byte)) {
      line_is_blank_ = false;
      only_blank_given_ = false;
    }
  }
  output.content += text;
  held_.erase(0, count);
  at_ = 0;
}

std::size_t ToolCallParser::after_blank(std::size_t at) const {
  return std::min(held_.find_first_not_of(kBlank, at), held_.size());
}

}  // namespace axllama::text
