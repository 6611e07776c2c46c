#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/constraint/character_set.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

/// What texts look like, put together from parts: literals, characters, sequences, choices, repetitions and
/// rules that may refer to each other. Each function adds a part and returns its name, which is good in this
/// grammar only. Schemas, patterns and grammars become parts as well (json_grammar.h, json_schema_grammar.h,
/// regex_grammar.h, gbnf.h), so that
///
///   grammar.sequence({grammar.literal("<tool_call>\n{\"name\": \"f\", \"arguments\": "),
///                     add_json_schema(grammar, schema), grammar.literal("}\n</tool_call>")})
///
/// is a part too. Texts are bytes; characters are UTF-8. Each function throws Error (kInvalidArgument) once
/// the grammar is larger than ConstraintLimits allow. One thread at a time.
class Grammar {
 public:
  using Node = std::uint32_t;
  static constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

  Grammar();
  Grammar(Grammar&&) = default;
  Grammar& operator=(Grammar&&) = default;

  /// The text of no bytes.
  Node empty() const noexcept { return 1; }
  /// No text at all: a choice of nothing.
  Node never() const noexcept { return 0; }
  Node literal(std::string_view bytes);
  /// One of the texts, of which common beginnings are shared.
  Node literals(std::vector<std::string> texts);
  /// The control token `token` itself, which no text stands for.
  Node special(TokenId token);
  /// One character of the set.
  Node characters(const CharacterSet& set);
  Node sequence(std::vector<Node> parts);
  Node choice(std::vector<Node> alternatives);
  /// `body` at least `min` and at most `max` times.
  Node repeat(Node body, std::uint32_t min, std::uint32_t max = kUnbounded);
  Node optional(Node body) { return choice({body, empty()}); }
  /// `body`, then `separator` and `body`, and so on: `min` to `max` bodies.
  Node separated(Node body, Node separator, std::uint32_t min, std::uint32_t max = kUnbounded);
  /// A rule to be defined later, so that parts can refer to each other. `name` is for messages.
  Node declare(std::string name);
  /// Throws Error (kInternal) when it is defined already.
  void define(Node rule, Node body);
  bool defined(Node rule) const;

  enum class Kind : std::uint8_t { kChoice, kEmpty, kLiteral, kCharacters, kSequence, kRepeat, kRule };

  /// What the compiler reads. `first` and `count` are places in the table of the kind.
  struct Part {
    Kind kind;
    std::uint32_t first = 0;  // literal: its bytes; characters: the set; choice, sequence: children;
                              // repeat: the body; rule: its name
    std::uint32_t count = 0;  // of bytes or children; rule: the body
    std::uint32_t min = 0;
    std::uint32_t max = 0;
  };
  static constexpr Node kUndefined = std::numeric_limits<Node>::max();

  std::size_t size() const noexcept { return parts_.size(); }
  const Part& part(Node node) const { return parts_[node]; }
  std::string_view bytes(const Part& literal) const;
  std::span<const Node> children(const Part& part) const;
  const CharacterSet& set(const Part& characters) const { return *sets_[characters.first]; }
  const std::string& name(const Part& rule) const { return names_[rule.first]; }
  /// The parts that a part consists of, of whatever kind.
  std::span<const Node> operands(Node node) const;
  /// Puts another body, and another least count, into a repetition.
  void replace_repeat(Node node, Node body, std::uint32_t min);

 private:
  Node add(const Part& part);

  std::vector<Part> parts_;
  std::vector<Node> children_;
  std::string text_;
  std::map<CharacterSet, std::uint32_t> set_ids_;
  std::vector<const CharacterSet*> sets_;  // keys of set_ids_
  std::vector<std::string> names_;
};

/// How a control token is spelled among bytes: FF, which no UTF-8 text holds, and four bytes of its id.
std::string special_token_bytes(TokenId token);

/// Any text up to and including the first `ending`, which must not be empty.
Grammar::Node add_text_until(Grammar& grammar, std::string_view ending);

}  // namespace axllama::text
