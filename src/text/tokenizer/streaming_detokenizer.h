#pragma once

#include <memory>
#include <string>

#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

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
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string pending_;  // bytes of a character that is not complete: at most 3
  bool skip_special_;
  bool at_start_ = true;  // nothing delivered yet: a leading space may have to be dropped
};

}  // namespace axllama::text
