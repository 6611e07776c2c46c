// libFuzzer entry for the parsers of answers: the first byte says how the rest, an answer, is cut into
// pieces. In every format nothing is lost, and the cuts make no difference; thoughts are taken out first, as
// servers do.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/chat_template.h"
#include "text/thinking_parser.h"
#include "text/tool_calls/parser.h"
#include "text/tool_calls/testing/templates.h"

namespace {

using namespace axllama::text;

struct Answer {
  std::string content;
  std::string calls;  // each with the place in the content where it stood
  std::size_t hidden = 0;

  bool operator==(const Answer&) const = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

void take(const ToolCallParser::Output& output, Answer& answer) {
  require(output.content_before.size() == output.calls.size());
  for (std::size_t i = 0; i < output.calls.size(); ++i) {
    const ToolCall& call = output.calls[i];
    answer.calls += call.name +
                    call.arguments.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
                    std::to_string(answer.content.size() + output.content_before[i]) + "\n";
  }
  answer.content += output.content;
}

Answer read(const ToolCallFormat& format, const OfferedTools& tools, std::string_view text,
            std::size_t size) {
  ToolCallParser parser(format, tools);
  Answer answer;
  for (std::size_t at = 0; at < text.size(); at += size) {
    take(parser.push(text.substr(at, size)), answer);
  }
  take(parser.flush(), answer);
  answer.hidden = parser.hidden_bytes();
  return answer;
}

std::string content_after_thoughts(std::string_view text, std::size_t size) {
  ThinkingParser parser;
  std::string content;
  for (std::size_t at = 0; at < text.size(); at += size) {
    content += parser.push(text.substr(at, size)).content;
  }
  return content + parser.flush().content;
}

std::vector<ToolCallFormat> formats() {
  std::vector<ToolCallFormat> found;
  for (const std::string& source :
       {testing::kHermesTemplate, testing::kTaggedTemplate, testing::kLlamaTemplate,
        testing::kMistralListTemplate, testing::kMistralNamedTemplate, testing::kPhiTemplate,
        testing::kDeepSeekTemplate}) {
    found.push_back(
        ChatTemplate(source, "fuzz", {{"bos_token", "<s>"}, {"eos_token", "</s>"}}).tool_call_format());
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ToolCallFormat> all = formats();
  static const OfferedTools tools(nlohmann::ordered_json::parse(R"([
      {"function": {"name": "time"}}, {"function": {"name": "weather", "parameters":
      {"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}}}])"));
  if (size == 0) {
    return 0;
  }
  const std::string answer(reinterpret_cast<const char*>(data), size);
  const std::size_t piece = 1 + data[0] % 7U;
  const std::string text = content_after_thoughts(answer, answer.size());
  require(content_after_thoughts(answer, piece) == text);
  for (const ToolCallFormat& format : all) {
    const Answer whole = read(format, tools, text, text.size() + 1);
    require(whole.content.size() + whole.hidden == text.size());
    require(!whole.calls.empty() || whole.content == text);
    require(read(format, tools, text, piece) == whole);
  }
  return 0;
}
