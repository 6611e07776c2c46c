#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer/pre_tokens.h"

namespace axllama::text {

/// A published split pattern that has a scanner of its own, much faster than a regular expression.
struct ScanPattern {
  enum class Family {
    kGpt2,   // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    kCl100k  // (?i:'s|'t|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
             // ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  };
  Family family = Family::kGpt2;
  int most_digits = 3;          // of kCl100k: 3 (Llama 3, Phi-4), 1 (Qwen2, Qwen3)
  bool marks_in_words = false;  // of kCl100k: [\p{L}\p{M}]+ are words (Qwen3.5)
};

/// The scanner for a regular expression as tokenizer.json files write it, if it is one of the published ones.
std::optional<ScanPattern> known_scan_pattern(std::string_view regex) noexcept;

/// Appends the pieces of text[within.begin, within.end), which the pattern covers completely: one span for
/// each match. Linear. Matches and Unicode classes are those of the reference implementation's regular
/// expressions, which see only the part within the span.
void scan(const ScanPattern& pattern, std::string_view text, Span within, std::vector<Span>& pieces);

}  // namespace axllama::text
