#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text::gotemplate {

enum class TokenType : std::uint8_t {
  kText,         // outside of actions, trim markers applied
  kActionBegin,  // {{
  kActionEnd,    // }}
  kSpace,        // separates operands
  kIdentifier,   // function or keyword
  kField,        // .Name; text: Name
  kVariable,     // $name or $; text with the $
  kString,       // text: the value
  kInteger,
  kFloat,
  kCharacter,  // text: the code point's decimal number
  kDot,        // . alone
  kPipe,
  kDeclare,  // :=
  kAssign,   // =
  kComma,
  kOpen,
  kClose,
  kEnd,
};

struct Token {
  TokenType type;
  std::string text;
  std::uint32_t offset;
};

/// Cuts a template into tokens. `{{- ` and ` -}}` trim the text around an action; comments vanish. Throws
/// Failure with the offset.
std::vector<Token> tokenize(std::string_view source);

}  // namespace axllama::text::gotemplate
