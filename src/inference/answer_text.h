#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/stop_strings.h"
#include "text/tokenizer/streaming_detokenizer.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Turns sampled tokens into the text a reader may see: whole UTF-8 characters, nothing of a stop string, and
/// special tokens only on demand.
class AnswerText {
 public:
  AnswerText(std::shared_ptr<const text::Tokenizer> tokenizer, const std::vector<std::string>& stops,
             bool show_special);

  /// Text that is certain with this token; often empty. Nothing more comes once stopped().
  std::string push(text::TokenId token);
  /// What was held back, when no token follows. A stop string that only now is complete still ends the text.
  std::string finish();
  /// A stop string was found.
  bool stopped() const noexcept { return stops_.stopped(); }
  /// That stop string; "" while there is none.
  std::string_view stop_string() const noexcept { return stops_.matched(); }

 private:
  text::StreamingDetokenizer detokenizer_;
  text::StopMatcher stops_;
};

}  // namespace axllama::inference
