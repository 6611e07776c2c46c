#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// The parts of JSON texts (RFC 8259) in a grammar, each made once. White space between tokens is none, one
/// blank, or few newlines and an indentation (JsonStyle), so that a model cannot go on with it for ever.
/// Strings hold no lone surrogates, numbers have few digits.
class JsonGrammar {
 public:
  using Node = Grammar::Node;

  explicit JsonGrammar(Grammar& grammar) : grammar_(grammar) {}

  Grammar& grammar() noexcept { return grammar_; }
  /// White space between two tokens, or none.
  Node space();
  /// White space before a whole JSON text, or none.
  Node leading_space();

  Node value();
  Node object();
  Node array();
  Node string();
  Node number();
  Node integer();
  Node boolean();
  Node null() { return grammar_.literal("null"); }

  /// A string of so many characters.
  Node string_of(std::uint32_t min, std::uint32_t max);
  /// A string with these contents, which character_in() or grammar() made.
  Node quoted(Node contents);
  /// One character within a string, however it is written.
  Node any_character();
  /// One character of the set within a string: itself, or its escape where it needs one.
  Node character_in(const CharacterSet& set);
  /// A key that is none of `names`.
  Node key_other_than(const std::vector<std::string>& names);
  /// A key, a colon and a value.
  Node member(Node key, Node value);
  /// An array of min to max times `item`, after `first`, of which `required` must be there.
  Node array_of(const std::vector<Node>& first, std::size_t required, Node item, std::uint32_t min,
                std::uint32_t max);
  /// This value; objects and arrays may be spaced.
  Node constant(const nlohmann::ordered_json& value);

 private:
  template <typename Make>
  Node once(const char* name, Make make);
  Node escape();

  Grammar& grammar_;
  std::map<std::string, Node> known_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Node> strings_;
};

/// `text` as a JSON string in quotes, with no more escapes than needed.
std::string json_string(const std::string& text);

}  // namespace axllama::text
