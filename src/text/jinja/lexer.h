#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text::jinja {

enum class TokenType : std::uint8_t {
  kData,           // text between tags, whitespace control applied
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kName,
  kString,    // text: the value, escapes resolved
  kInteger,   // text: decimal digits or 0x, 0o, 0b form without underscores
  kFloat,     // text without underscores
  kOperator,  // text: the operator
  kError,     // text: what is wrong here; the last token
  kEnd,
};

struct Token {
  TokenType type;
  std::string text;
  std::uint32_t offset;  // byte in the normalized source
};

/// The source as the lexer and all offsets see it: line ends are "\n", and one line end at the very end is
/// dropped.
std::string normalize_source(std::string_view source);

/// Cuts a normalized source into tokens with trim_blocks and lstrip_blocks: the line end after a block or
/// comment tag and the blanks before one at the start of a line are dropped. Ends with kEnd or kError.
std::vector<Token> tokenize(std::string_view source);

}  // namespace axllama::text::jinja
