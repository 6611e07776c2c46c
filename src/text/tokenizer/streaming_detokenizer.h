#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

struct DecoderRules;

/// Turns tokens into text as they are generated. What push() and flush() return, joined, is
/// Tokenizer::decode() of all tokens, and each piece by itself is valid UTF-8: the bytes of a character that
/// is not complete are held back, bytes that cannot become a character are U+FFFD. (One exception: with
/// byte-fallback tokenizers decode() spoils the valid characters of a run of byte tokens when another part of
/// the run is invalid; here they have been delivered already.) Used by one thread at a time.
class StreamingDetokenizer {
 public:
  explicit StreamingDetokenizer(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special = true);

  /// The text that is complete with this token; often empty within a character.
  std::string push(TokenId id);

  /// The rest, when no token follows: an unfinished character is one U+FFFD. Then ready for a new text.
  std::string flush();

 private:
  friend class Tokenizer;

  std::string take_complete();
  std::string take_rest();
  std::string replace_invalid(std::string_view bytes) const;
  std::string finish(std::string text);

  std::shared_ptr<const Tokenizer> tokenizer_;
  const DecoderRules* rules_;  // within *tokenizer_
  std::string pending_;        // bytes that cannot be judged yet: at most 3 without whole_runs_
  bool skip_special_;
  bool whole_runs_ = false;  // hold byte tokens back until their run ends, and judge the run as a whole
  bool first_ = true;        // no token has been pushed
  int strip_left_;           // leading spaces still to be dropped
};

}  // namespace axllama::text
