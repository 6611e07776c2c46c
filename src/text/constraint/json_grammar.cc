#include "text/constraint/json_grammar.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Node = Grammar::Node;

/// What stands for itself within a string.
const CharacterSet& plain_characters() {
  static const CharacterSet set = CharacterSet{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}.complement();
  return set;
}

const CharacterSet& hexadecimal() {
  static const CharacterSet set{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  return set;
}

/// One step below a group of names that share a beginning.
struct KeyGroup {
  std::size_t first, last, depth;
};

}  // namespace

template <typename Make>
Node JsonGrammar::once(const char* name, Make make) {
  const auto known = known_.find(name);
  if (known != known_.end()) return known->second;
  const Node rule = grammar_.declare(name);  // first, because values contain values
  known_.emplace(name, rule);
  grammar_.define(rule, make());
  return rule;
}

Node JsonGrammar::space() {
  return once("space", [this] {
    return grammar_.choice(
        {grammar_.empty(), grammar_.literal(" "),
         grammar_.sequence({grammar_.repeat(grammar_.literal("\n"), 1, kJsonStyle.max_newlines),
                            grammar_.repeat(grammar_.characters({{' ', ' '}, {'\t', '\t'}}), 0,
                                            kJsonStyle.max_indentation)})});
  });
}

Node JsonGrammar::leading_space() {
  return grammar_.choice({grammar_.empty(), grammar_.literal(" "),
                          grammar_.repeat(grammar_.literal("\n"), 1, kJsonStyle.max_newlines)});
}

Node JsonGrammar::value() {
  return once("value",
              [this] { return grammar_.choice({object(), array(), string(), number(), boolean(), null()}); });
}

Node JsonGrammar::object() {
  return once("object", [this] {
    const Node comma = grammar_.sequence({space(), grammar_.literal(","), space()});
    const Node members = grammar_.separated(member(string(), value()), comma, 1);
    return grammar_.sequence({grammar_.literal("{"), space(),
                              grammar_.optional(grammar_.sequence({members, space()})),
                              grammar_.literal("}")});
  });
}

Node JsonGrammar::array() {
  return once("array", [this] { return array_of({}, 0, value(), 0, Grammar::kUnbounded); });
}

Node JsonGrammar::boolean() {
  return grammar_.literals({"true", "false"});
}

Node JsonGrammar::number() {
  return once("number", [this] {
    const Node digit = grammar_.characters({{'0', '9'}});
    const Node fraction =
        grammar_.sequence({grammar_.literal("."), grammar_.repeat(digit, 1, kJsonStyle.max_fraction_digits)});
    const Node exponent = grammar_.sequence({grammar_.characters({{'e', 'e'}, {'E', 'E'}}),
                                             grammar_.optional(grammar_.characters({{'+', '+'}, {'-', '-'}})),
                                             grammar_.repeat(digit, 1, kJsonStyle.max_exponent_digits)});
    return grammar_.sequence({integer(), grammar_.optional(fraction), grammar_.optional(exponent)});
  });
}

Node JsonGrammar::integer() {
  return once("integer", [this] {
    const Node more =
        grammar_.repeat(grammar_.characters({{'0', '9'}}), 0, kJsonStyle.max_integer_digits - 1);
    return grammar_.sequence(
        {grammar_.optional(grammar_.literal("-")),
         grammar_.choice(
             {grammar_.literal("0"), grammar_.sequence({grammar_.characters({{'1', '9'}}), more})})});
  });
}

Node JsonGrammar::string() {
  return once("string", [this] { return quoted(grammar_.repeat(any_character(), 0)); });
}

Node JsonGrammar::string_of(std::uint32_t min, std::uint32_t max) {
  if (min == 0 && max == Grammar::kUnbounded) return string();
  if (min > max) return grammar_.never();
  const auto [known, added] = strings_.try_emplace({min, max}, 0);
  if (added) {
    known->second = grammar_.declare("string");
    grammar_.define(known->second, quoted(grammar_.repeat(any_character(), min, max)));
  }
  return known->second;
}

Node JsonGrammar::quoted(Node contents) {
  return grammar_.sequence({grammar_.literal("\""), contents, grammar_.literal("\"")});
}

Node JsonGrammar::escape() {
  return once("escape", [this] {
    const Node digit = grammar_.characters(hexadecimal());
    const auto one_of = [this](std::initializer_list<CharacterSet::Range> ranges) {
      return grammar_.characters(ranges);
    };
    const Node not_surrogate = grammar_.choice(
        {grammar_.sequence({grammar_.characters(hexadecimal().without({{'D', 'D'}, {'d', 'd'}})), digit}),
         grammar_.sequence({one_of({{'D', 'D'}, {'d', 'd'}}), one_of({{'0', '7'}})})});
    const Node pair =
        grammar_.sequence({one_of({{'D', 'D'}, {'d', 'd'}}), one_of({{'8', '9'}, {'A', 'B'}, {'a', 'b'}}),
                           digit, digit, grammar_.literal("\\u"), one_of({{'D', 'D'}, {'d', 'd'}}),
                           one_of({{'C', 'F'}, {'c', 'f'}}), digit, digit});
    const Node unicode = grammar_.sequence(
        {grammar_.literal("u"), grammar_.choice({grammar_.sequence({not_surrogate, digit, digit}), pair})});
    return grammar_.sequence(
        {grammar_.literal("\\"),
         grammar_.choice({grammar_.literals({"\"", "\\", "/", "b", "f", "n", "r", "t"}), unicode})});
  });
}

Node JsonGrammar::any_character() {
  const auto known = known_.find("character");
  if (known != known_.end()) return known->second;
  // Not a rule: repetitions recognise the run of characters.
  return known_["character"] = grammar_.choice({grammar_.characters(plain_characters()), escape()});
}

Node JsonGrammar::character_in(const CharacterSet& set) {
  std::vector<Node> alternatives{grammar_.characters(set.intersected(plain_characters()))};
  std::vector<std::string> escaped;
  for (char32_t c = 0; c < 0x80; ++c) {
    if (!set.contains(c) || plain_characters().contains(c)) continue;
    const std::string quoted = json_string(std::string(1, static_cast<char>(c)));
    escaped.push_back(quoted.substr(1, quoted.size() - 2));
  }
  if (!escaped.empty()) alternatives.push_back(grammar_.literals(std::move(escaped)));
  return grammar_.choice(std::move(alternatives));
}

Node JsonGrammar::key_other_than(const std::vector<std::string>& names) {
  std::vector<std::u32string> taken;  // as they are written
  for (const std::string& name : names) {
    const std::string written = json_string(name);
    std::u32string characters;
    for (std::size_t at = 1; at + 1 < written.size();) {
      const base::Utf8Character character = base::decode_utf8(written, at);
      characters.push_back(character.code_point);
      at += character.length;
    }
    taken.push_back(std::move(characters));
  }
  std::sort(taken.begin(), taken.end());
  taken.erase(std::unique(taken.begin(), taken.end()), taken.end());

  const Node rest = grammar_.repeat(any_character(), 0);
  const Node simple_escape =
      grammar_.sequence({grammar_.literal("\\"), grammar_.literals({"\"", "\\", "b", "f", "n", "r", "t"})});
  // While the key is the beginning of a name, only plain characters and short escapes may leave it: another
  // spelling of the same character must not.
  std::vector<KeyGroup> groups{{0, taken.size(), 0}};
  std::vector<Node> rules{grammar_.declare("key")};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const KeyGroup group = groups[g];
    CharacterSet following;
    std::vector<Node> alternatives;
    std::size_t i = group.first;
    const bool is_name = i < group.last && taken[i].size() == group.depth;
    if (is_name) ++i;
    while (i < group.last) {
      const char32_t character = taken[i][group.depth];
      std::size_t end = i + 1;
      while (end < group.last && taken[end][group.depth] == character) ++end;
      following.add(character);
      groups.push_back({i, end, group.depth + 1});
      rules.push_back(grammar_.declare("key"));
      alternatives.push_back(
          grammar_.sequence({grammar_.characters({{character, character}}), rules.back()}));
      i = end;
    }
    // After a backslash that is part of an escape in a name, the characters are not the key's own.
    const bool in_escape =
        group.depth > 0 && group.first < group.last && taken[group.first].find(U'\\') < group.depth;
    if (!in_escape) {
      if (!is_name) alternatives.push_back(grammar_.empty());
      alternatives.push_back(
          grammar_.sequence({grammar_.characters(plain_characters().without(following)), rest}));
      if (!following.contains('\\')) alternatives.push_back(grammar_.sequence({simple_escape, rest}));
    }
    grammar_.define(rules[g], grammar_.choice(std::move(alternatives)));
  }
  return quoted(rules[0]);
}

Node JsonGrammar::member(Node key, Node value) {
  return grammar_.sequence({key, space(), grammar_.literal(":"), space(), value});
}

Node JsonGrammar::array_of(const std::vector<Node>& first, std::size_t required, Node item, std::uint32_t min,
                           std::uint32_t max) {
  const Node comma = grammar_.sequence({space(), grammar_.literal(","), space()});
  // What follows the i-th element, from the last one back.
  Node after = grammar_.repeat(grammar_.sequence({comma, item}), min, max);
  Node some = grammar_.separated(item, comma, std::max(min, std::uint32_t{1}), max);
  bool may_be_empty = min == 0;
  for (std::size_t i = first.size(); i-- > 0;) {
    may_be_empty = i >= required;
    some = grammar_.sequence({first[i], after});
    const Node next = grammar_.sequence({comma, some});
    after = grammar_.declare("items");
    grammar_.define(after, may_be_empty ? grammar_.optional(next) : next);
  }
  const Node contents = grammar_.sequence({some, space()});
  return grammar_.sequence({grammar_.literal("["), space(),
                            may_be_empty ? grammar_.optional(contents) : contents, grammar_.literal("]")});
}

Node JsonGrammar::constant(const nlohmann::ordered_json& value) {
  const Node comma = grammar_.sequence({space(), grammar_.literal(","), space()});
  if (value.is_array()) {
    std::vector<Node> items;
    for (const auto& element : value) items.push_back(constant(element));
    return array_of(items, items.size(), grammar_.never(), 0, 0);
  }
  if (!value.is_object()) {
    return grammar_.literal(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  std::vector<Node> parts{grammar_.literal("{"), space()};
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (entry != value.begin()) parts.push_back(comma);
    parts.push_back(member(grammar_.literal(json_string(entry.key())), constant(entry.value())));
  }
  if (!value.empty()) parts.push_back(space());
  parts.push_back(grammar_.literal("}"));
  return grammar_.sequence(std::move(parts));
}

std::string json_string(const std::string& text) {
  return nlohmann::ordered_json(text).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace axllama::text
