#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/tokenizer/pre_tokens.h"
#include "text/tokenizer/regex.h"
#include "text/tokenizer/split_scanner.h"

namespace axllama::text {

/// One step of pre-tokenization: cuts pieces into smaller ones, some also change the text. Immutable; any
/// thread.
class PreTokenizer {
 public:
  PreTokenizer() = default;
  virtual ~PreTokenizer() = default;
  PreTokenizer(const PreTokenizer&) = delete;
  PreTokenizer& operator=(const PreTokenizer&) = delete;
  virtual void apply(PreTokens& tokens) const = 0;
};

/// What becomes of the matches of a split pattern, as tokenizer.json names it.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// "Split" with a scanner for the known patterns: each match is a piece.
std::unique_ptr<PreTokenizer> make_scan_splitter(const ScanPattern& pattern);

/// "Split" with a regular expression. `invert`: what lies between matches counts as the match.
std::unique_ptr<PreTokenizer> make_regex_splitter(Regex regex, SplitBehavior behavior, bool invert);

/// "Split" with a fixed, non-empty string.
std::unique_ptr<PreTokenizer> make_string_splitter(std::string pattern, SplitBehavior behavior, bool invert);

/// "Digits": runs of numbers are pieces, or each number by itself.
std::unique_ptr<PreTokenizer> make_digit_splitter(bool individual);

/// "ByteLevel" with add_prefix_space: a space in front of each piece that has none.
std::unique_ptr<PreTokenizer> make_prefix_space();

/// Where "Metaspace" puts its sign in front of a piece that has none.
enum class PrependScheme { kNever, kFirst, kAlways };

/// "Metaspace": spaces become `replacement`; with `split`, each one begins a piece.
std::unique_ptr<PreTokenizer> make_metaspace(std::string replacement, PrependScheme scheme, bool split);

}  // namespace axllama::text
