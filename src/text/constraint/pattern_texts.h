#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// The texts of a regular expression (regex_grammar.h), apart from any grammar that it becomes part of.
class PatternTexts {
 public:
  struct Lengths {  // in characters
    std::uint64_t min = 0;
    std::uint64_t max = 0;  // Grammar::kUnbounded or more: no bound
  };

  /// `whole`: the pattern is a text from its beginning to its end; otherwise anything may come before what
  /// has no `^` and after what has no `$`. Throws Error (kInvalidArgument) for a wrong pattern.
  PatternTexts(std::string_view pattern, bool whole);

  const Lengths& lengths() const noexcept { return lengths_; }
  /// Where the pattern is one set of characters, again and again: the set and the counts.
  struct Run {
    const CharacterSet* set;
    std::uint32_t min;
    std::uint32_t max;
  };
  std::optional<Run> run() const;
  /// Whether `text` is one of the texts; nothing where finding out would take too long.
  std::optional<bool> contains(std::string_view text) const;

 private:
  Grammar grammar_;
  Grammar::Node root_ = 0;
  Lengths lengths_;
};

}  // namespace axllama::text
