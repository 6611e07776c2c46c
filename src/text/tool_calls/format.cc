#include "text/tool_calls/format.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "text/tool_calls/call_reader.h"
#include "text/tool_calls/json_scanner.h"

namespace axllama::text {
namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kFunctionTag = "<function=";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr std::string_view kPythonTag = "<|python_tag|>";
constexpr std::string_view kMistralOpening = "[TOOL_CALLS]";
constexpr std::string_view kMistralSeparator = "[ARGS]";

constexpr std::string_view kContent = "PROBE-ANSWER";
constexpr std::string_view kId = "probe0001";  // some templates insist on nine letters and digits
constexpr std::string_view kSecondId = "probe0002";
constexpr std::string_view kName = "probe_tool";
constexpr std::string_view kSecondName = "probe_other";
constexpr std::string_view kValue = "PROBE-VALUE";
constexpr std::string_view kSecondValue = "PROBE-SECOND";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

std::size_t common_suffix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first -
                                  a.rbegin());
}

void add_marker(std::vector<std::string>& markers, std::string_view marker) {
  marker = trim(marker);
  if (!marker.empty() && std::find(markers.begin(), markers.end(), marker) == markers.end()) {
    markers.emplace_back(marker);
  }
}

/// The end of the JSON object or array that begins at `begin`; npos when there is none.
std::size_t json_end(std::string_view text, std::size_t begin) {
  JsonScanner scanner;
  for (std::size_t at = begin; at < text.size(); ++at) {
    const auto result = scanner.push(text[at]);
    if (result != JsonScanner::Result::kMore) {
      return result == JsonScanner::Result::kDone ? at + 1 : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

/// A part of a text, [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The JSON value at or before `name` that is a call.
std::optional<Span> json_body(std::string_view text, std::size_t name) {
  for (std::size_t at = text.find_first_of("{["); at < name; at = text.find_first_of("{[", at + 1)) {
    const std::size_t end = json_end(text, at);
    if (end != std::string_view::npos && end > name && !read_json_calls(text.substr(at, end - at)).empty()) {
      return Span{at, end};
    }
  }
  return std::nullopt;
}

/// The arguments object around `value`.
std::optional<Span> arguments_around(std::string_view text, std::string_view value) {
  const auto at = text.find(value);
  const auto begin = at == std::string_view::npos ? at : text.rfind('{', at);
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t end = json_end(text, begin);
  return end == std::string_view::npos ? std::nullopt : std::optional(Span{begin, end});
}

/// Identifiers are left out: `, "id": "ID"`, `"id": "ID", `, `[CALL_ID]ID`.
std::string without_id(std::string text, std::string_view id) {
  const auto at = text.find(id);
  if (at == std::string::npos) {
    return text;
  }
  std::size_t begin = at;
  std::size_t end = at + id.size();
  if (at > 0 && text[at - 1] == ']') {
    begin = text.rfind('[', at);
  } else if (at > 0 && text[at - 1] == '"' && end < text.size() && text[end] == '"') {
    const auto colon = text.rfind(':', at);
    const auto key_end = colon == std::string::npos ? colon : text.rfind('"', colon);
    const auto key = key_end == std::string::npos || key_end == 0 ? key_end : text.rfind('"', key_end - 1);
    if (key == std::string::npos) {
      return text;
    }
    begin = key;
    ++end;
    const auto comma = text.find_last_not_of(kBlank, begin == 0 ? 0 : begin - 1);
    if (comma != std::string::npos && comma < begin && text[comma] == ',') {
      begin = comma;
    } else if (end < text.size() && text[end] == ',') {
      end = std::min(text.find_first_not_of(kBlank, end + 1), text.size());
    }
  }
  text.erase(begin == std::string::npos ? at : begin, end - (begin == std::string::npos ? at : begin));
  return text;
}

ToolCall probe_call(std::string_view id, std::string_view name, std::string_view value) {
  return {.id = std::string(id), .name = std::string(name), .arguments = {{"x", value}}};
}

/// What a template wrote for an answer: the text of the turn from where calls and content begin to differ.
class Probe {
 public:
  Probe(const AnswerRenderer& render, const std::vector<ToolCall>& calls) {
    const std::string plain = render(std::string(kContent), {});
    const std::string called = render("", calls);
    const auto content = plain.find(kContent);
    if (content == std::string::npos || called.find(kName) == std::string::npos) {
      return;
    }
    const std::string_view before = std::string_view(plain).substr(0, content);
    const std::string_view after = std::string_view(plain).substr(content + kContent.size());
    text_ = called.substr(common_prefix(before, called));
    if (text_.ends_with(after)) {
      text_.erase(text_.size() - after.size());
    }
  }

  std::string_view text() const noexcept { return text_; }

 private:
  std::string text_;  // empty: calls are not shown
};

/// Where the parts of the first call are in a probe's text.
struct CallParts {
  Span name;
  Span body;  // JSON with the name in it, the arguments alone, or tags
  std::optional<Span> arguments;
  bool is_json = false;
  bool is_tagged = false;
};

std::optional<CallParts> find_parts(std::string_view text, std::string_view name, std::string_view value) {
  CallParts parts;
  parts.name.begin = text.find(name);
  if (parts.name.begin == std::string_view::npos) {
    return std::nullopt;
  }
  parts.name.end = parts.name.begin + name.size();
  parts.arguments = arguments_around(text, value);
  if (text.substr(0, parts.name.begin).ends_with(kFunctionTag)) {
    const auto end = text.find(kFunctionEnd, parts.name.end);
    parts.is_tagged = true;
    parts.body = {parts.name.begin - kFunctionTag.size(),
                  end == std::string_view::npos ? text.size() : end + kFunctionEnd.size()};
    return parts;
  }
  if (const auto body = json_body(text, parts.name.begin)) {
    parts.is_json = true;
    parts.body = *body;
    return parts;
  }
  if (parts.arguments && parts.arguments->begin >= parts.name.end) {
    parts.body = {parts.name.begin, parts.arguments->end};
    return parts;
  }
  return std::nullopt;
}

/// What stands before and after the calls of `two`, apart from what belongs to all of them.
void add_markers(const Probe& one, const CallParts& first, const Probe& two, ToolCallFormat& format) {
  const std::string_view opening = one.text().substr(0, first.body.begin);
  const std::string_view closing = one.text().substr(first.body.end);
  const auto second = find_parts(two.text(), kSecondName, kSecondValue);
  const auto again = find_parts(two.text(), kName, kValue);
  if (!second || !again || second->body.begin < again->body.end) {  // one call at a time, or a list of them
    add_marker(format.openings, opening);
    add_marker(format.closings, closing);
    return;
  }
  const std::string_view between = two.text().substr(again->body.end, second->body.begin - again->body.end);
  const std::string_view last = two.text().substr(second->body.end);
  const std::size_t own_opening = common_suffix(opening, between);
  const std::size_t own_closing = common_prefix(last, between.substr(0, between.size() - own_opening));
  add_marker(format.openings, opening.substr(0, opening.size() - own_opening));
  add_marker(format.openings, opening.substr(opening.size() - own_opening));
  add_marker(format.closings, last.substr(0, own_closing));
  add_marker(format.closings, last.substr(own_closing));
  add_marker(format.closings, closing);
}

void add_spelling(const Probe& one, const CallParts& first, const Probe& two, ToolCallFormat& format) {
  const auto outside = [](std::string_view text, std::size_t begin, std::size_t end) {
    return without_id(without_id(std::string(text.substr(begin, end - begin)), kId), kSecondId);
  };
  if (!first.arguments || first.arguments->begin < first.name.end || first.is_tagged) {
    const std::string opening = format.openings.empty() ? "" : format.openings.front() + "\n";
    const std::string closing = format.closings.empty() ? "" : "\n" + format.closings.front();
    format.spelling.begin = opening + format.spelling.begin;
    format.spelling.end += closing;
    format.spelling.between = format.spelling.end + "\n" + format.spelling.begin;
    return;
  }
  ToolCallSpelling& spelling = format.spelling;
  spelling.begin = outside(one.text(), 0, first.name.begin);
  spelling.begin.erase(0, std::min(spelling.begin.find_first_not_of(kBlank), spelling.begin.size()));
  spelling.middle = outside(one.text(), first.name.end, first.arguments->begin);
  spelling.end = outside(one.text(), first.arguments->end, one.text().size());
  spelling.between = spelling.end + "\n" + spelling.begin;
  const auto again = find_parts(two.text(), kName, kValue);
  const auto second = find_parts(two.text(), kSecondName, kSecondValue);
  if (again && second && again->arguments && second->name.begin > again->arguments->end) {
    spelling.between = outside(two.text(), again->arguments->end, second->name.begin);
  }
}

/// For templates that do not show calls, and for what models write beside what their templates show.
void add_known_markers(std::string_view source, bool shown, ToolCallFormat& format) {
  const auto names = [source](std::string_view marker) {
    return source.find(marker) != std::string_view::npos;
  };
  struct Known {
    std::string_view named_by;
    std::string_view opening;
    std::string_view closing;
  };
  static constexpr Known kKnown[] = {
      {"<tool_call>", "<tool_call>", "</tool_call>"},
      {kMistralOpening, kMistralOpening, ""},
      {"<|tool_call|>", "<|tool_call|>", "<|/tool_call|>"},
      {"<|tool|>", "<|tool_call|>", "<|/tool_call|>"},
  };
  for (const Known& known : kKnown) {
    if (!shown && names(known.named_by)) {
      add_marker(format.openings, known.opening);
      add_marker(format.closings, known.closing);
      format.spelling.begin = std::string(known.opening) + "[" + format.spelling.begin;
      format.spelling.between = "}, {\"name\": \"";
      format.spelling.end = "}]" + std::string(known.closing);
      break;
    }
  }
  format.bare = format.openings.empty();
  if (names(kPythonTag)) {
    add_marker(format.openings, kPythonTag);
  }
  if (std::find(format.openings.begin(), format.openings.end(), kMistralOpening) != format.openings.end()) {
    format.named = true;
    format.separator = kMistralSeparator;
  }
}

}  // namespace

ToolCallFormat bare_tool_call_format() {
  ToolCallFormat format;
  format.bare = true;
  return format;
}

ToolCallFormat detect_tool_call_format(const AnswerRenderer& render, std::string_view source) {
  ToolCallFormat format;
  const ToolCall call = probe_call(kId, kName, kValue);
  const Probe one(render, {call});
  const auto first = find_parts(one.text(), kName, kValue);
  if (first) {
    const Probe two(render, {call, probe_call(kSecondId, kSecondName, kSecondValue)});
    format.tagged = first->is_tagged;
    add_markers(one, *first, two, format);
    if (!first->is_json && !first->is_tagged) {
      format.named = true;
      const std::size_t gap = first->arguments->begin - first->name.end;
      format.separator = trim(without_id(std::string(one.text().substr(first->name.end, gap)), kId));
    }
    add_spelling(one, *first, two, format);
  }
  add_known_markers(source, first.has_value(), format);
  return format;
}

std::string write_tool_calls(const ToolCallFormat& format, const std::vector<ToolCall>& calls) {
  std::string text;
  for (const ToolCall& call : calls) {
    text += text.empty() ? format.spelling.begin : format.spelling.between;
    text += call.name + format.spelling.middle + call.arguments.dump();
  }
  return text.empty() ? text : text + format.spelling.end;
}

}  // namespace axllama::text
