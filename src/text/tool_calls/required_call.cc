#include "text/tool_calls/required_call.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/constraint/compile.h"
#include "text/constraint/json_grammar.h"
#include "text/constraint/json_schema_grammar.h"

namespace axllama::text {
namespace {

using Node = Grammar::Node;

/// A text in which control tokens stand for themselves.
Node add_text(Grammar& grammar, const Tokenizer& tokenizer, std::string_view text) {
  std::vector<Node> parts;
  for (const TokenId token : tokenizer.encode(text)) {
    const auto at = tokenizer.is_special(token) ? text.find(tokenizer.token(token)) : std::string_view::npos;
    if (at == std::string_view::npos) {
      continue;
    }
    parts.push_back(grammar.literal(text.substr(0, at)));
    parts.push_back(grammar.special(token));
    text.remove_prefix(at + tokenizer.token(token).size());
  }
  parts.push_back(grammar.literal(text));
  return grammar.sequence(std::move(parts));
}

Node add_arguments(JsonGrammar& json, const std::string& name, const nlohmann::ordered_json& schema) {
  if (schema.empty()) {
    return json.object();
  }
  nlohmann::ordered_json object = schema;
  if (!object.contains("type")) {
    object["type"] = "object";
  }
  try {
    return add_json_schema(json, object);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), "The parameters of the tool \"" + name + "\": " + error.message());
  }
}

/// NAME middle ARGUMENTS
Node add_call(JsonGrammar& json, const Tokenizer& tokenizer, const ToolCallFormat& format,
              const OfferedTools& tools, const std::vector<std::string>& names) {
  Grammar& grammar = json.grammar();
  std::vector<Node> calls;
  for (const std::string& name : names) {
    calls.push_back(
        grammar.sequence({grammar.literal(name), add_text(grammar, tokenizer, format.spelling.middle),
                          add_arguments(json, name, *tools.parameters(name))}));
  }
  return grammar.choice(std::move(calls));
}

Node add_thoughts(Grammar& grammar, const Tokenizer& tokenizer, const ThinkingTags& tags) {
  const auto closing = tokenizer.token_id(tags.closing);
  const Node rest = closing && tokenizer.is_special(*closing)
                        ? grammar.sequence({grammar.repeat(grammar.characters(CharacterSet::all()), 0),
                                            grammar.special(*closing)})
                        : add_text_until(grammar, tags.closing);
  return grammar.optional(grammar.sequence({grammar.optional(grammar.repeat(grammar.literal("\n"), 1, 2)),
                                            add_text(grammar, tokenizer, tags.opening), rest}));
}

}  // namespace

std::shared_ptr<const Constraint> compile_required_calls(const ToolCallFormat& format,
                                                         const OfferedTools& tools,
                                                         const RequiredCalls& required,
                                                         const std::shared_ptr<const Tokenizer>& tokenizer) {
  if (tools.empty() || (!required.name.empty() && !tools.has(required.name))) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "A call of the tool \"" + required.name + "\" is required, which is not among the " +
                          std::to_string(tools.names().size()) + " tools on offer.");
  }
  const std::vector<std::string> names = required.name.empty() ? tools.names() : std::vector{required.name};
  Grammar grammar;
  JsonGrammar json(grammar);
  const Node call = add_call(json, *tokenizer, format, tools, names);
  const ToolCallSpelling& spelling = format.spelling;
  const Node calls = grammar.sequence(
      {json.leading_space(), add_text(grammar, *tokenizer, spelling.begin),
       grammar.separated(call, add_text(grammar, *tokenizer, spelling.between), 1, required.most),
       add_text(grammar, *tokenizer, spelling.end)});
  const Node root = required.thoughts
                        ? grammar.sequence({add_thoughts(grammar, *tokenizer, *required.thoughts), calls})
                        : calls;
  return compile(std::move(grammar), root, tokenizer);
}

}  // namespace axllama::text
