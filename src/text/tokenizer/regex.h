#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/pre_tokens.h"

namespace axllama::text {

/// A regular expression over Unicode text, for the patterns without a scanner of their own: PCRE2 with
/// just-in-time compilation. tokenizer.json files are written for Oniguruma; the two agree on what split
/// patterns use (classes, groups, lookaround, `(?i:)`, possessive `+`). PCRE2 10.42 knows Unicode 14;
/// characters whose category is newer are shown to it as others of their category, so that classes are those
/// of Unicode 16. Immutable; any thread.
class Regex {
 public:
  /// Throws base::Error (kInvalidArgument) "... position N: reason".
  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(Regex&& other) noexcept;
  Regex& operator=(Regex&& other) noexcept;
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  /// All matches from left to right, none overlapping, in text[within.begin, within.end) seen as a text of
  /// its own. Throws base::Error (kResourceExhausted) when the pattern needs too much backtracking.
  void find_all(std::string_view text, Span within, std::vector<Span>& matches) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace axllama::text
