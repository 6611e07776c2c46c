// libFuzzer entry for the template engines: the input is a template, of a chat or of a Modelfile, rendered
// with one conversation. Whatever comes, there is a text or a base::Error, soon.
#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/chat_template.h"
#include "text/go_chat_template.h"
#include "text/jinja/template.h"

namespace {

using namespace axllama::text;
using Json = nlohmann::ordered_json;

const ChatTemplateInputs& conversation() {
  static const ChatTemplateInputs kInputs{
      .messages = {{.role = "system", .content = "Be brief."},
                   {.role = "user", .content = "Wie warm ist es in Köln? \U0001F600\n"},
                   {.role = "assistant",
                    .content = "<think>\nhm\n</think>\n\nI shall ask.",
                    .tool_calls = {{.id = "abcdefghi", .name = "weather", .arguments = {{"city", "Köln"}}}}},
                   {.role = "tool", .content = "21", .tool_name = "weather", .tool_call_id = "abcdefghi"},
                   {.role = "user", .content = ""}},
      .tools = Json::parse(R"([{"type": "function", "function": {"name": "weather", "parameters":
          {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])")};
  return kInputs;
}

/// Small limits, so that even the dearest input is done at once.
void render_jinja(const std::string& source) {
  jinja::Limits limits;
  limits.max_steps = 200'000;
  limits.max_memory_bytes = std::size_t{16} << 20U;
  limits.max_output_bytes = std::size_t{1} << 20U;
  const jinja::Template parsed(source, "fuzz", limits);
  Json variables = {{"tools", conversation().tools}, {"bos_token", "<s>"}, {"n", 3}, {"f", 2.5}};
  Json& messages = variables["messages"] = Json::array();
  for (const ChatMessage& message : conversation().messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  parsed.render(variables);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source(reinterpret_cast<const char*>(data), size);
  try {
    render_jinja(source);
  } catch (const axllama::base::Error&) {
    // refused: as it should be
  }
  try {
    GoChatTemplate(source, "fuzz").render(conversation());
  } catch (const axllama::base::Error&) {
    // likewise
  }
  return 0;
}
