#include "text/tokenizer/streaming_detokenizer.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {

StreamingDetokenizer::StreamingDetokenizer(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special)
    : tokenizer_(std::move(tokenizer)),
      rules_(&tokenizer_->data_->decoder),
      skip_special_(skip_special),
      strip_left_(rules_->strip_count) {}

std::string StreamingDetokenizer::push(TokenId id) {
  const TokenizerData& data = *tokenizer_->data_;
  if (id < 0 || static_cast<std::size_t>(id) >= data.flags.size()) return {};
  const std::uint8_t flags = data.flags[static_cast<std::size_t>(id)];
  if (skip_special_ && (flags & kSpecialToken) != 0) return {};
  const bool first = std::exchange(first_, false);
  if (rules_->byte_level || (flags & kByteToken) != 0) {
    pending_ += data.pieces[id];
    return whole_runs_ && !rules_->byte_level ? std::string() : finish(take_complete());
  }
  std::string text = take_rest();
  if (first && rules_->metaspace_drops_first) {
    std::string token(data.tokens[id]);
    for (std::size_t at = token.find(rules_->metaspace); at != std::string::npos;
         at = token.find(rules_->metaspace, at)) {
      token.erase(at, rules_->metaspace.size());
    }
    text += token;
  } else {
    text += data.pieces[id];
  }
  return finish(std::move(text));
}

std::string StreamingDetokenizer::flush() {
  std::string text = finish(take_rest());
  first_ = true;
  strip_left_ = rules_->strip_count;
  return text;
}

/// The part of the pending bytes that can be judged; keeps the beginning of a character that may yet be
/// completed.
std::string StreamingDetokenizer::take_complete() {
  std::string rest = pending_.substr(pending_.size() - base::incomplete_utf8_suffix(pending_));
  pending_.resize(pending_.size() - rest.size());
  std::string text = replace_invalid(pending_);
  pending_ = std::move(rest);
  return text;
}

std::string StreamingDetokenizer::take_rest() {
  return replace_invalid(std::exchange(pending_, {}));
}

std::string StreamingDetokenizer::replace_invalid(std::string_view bytes) const {
  if (rules_->byte_level) return base::to_valid_utf8(bytes);
  // Byte tokens: one replacement for each byte, as the reference implementation's ByteFallback decoder has
  // it.
  const bool spoiled = whole_runs_ && !base::is_valid_utf8(bytes);
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const base::Utf8Character character = base::decode_utf8(bytes, at);
    if (character.valid && !spoiled) {
      text.append(bytes.substr(at, character.length));
    } else {
      for (int i = 0; i < character.length; ++i) text += base::kReplacementUtf8;
    }
    at += character.length;
  }
  return text;
}

std::string StreamingDetokenizer::finish(std::string text) {
  std::size_t drop = 0;
  while (strip_left_ > 0 && drop < text.size()) {
    if (!std::string_view(text).substr(drop).starts_with(rules_->strip)) {
      strip_left_ = 0;
      break;
    }
    drop += rules_->strip.size();
    --strip_left_;
  }
  return drop == 0 ? std::move(text) : text.substr(drop);
}

}  // namespace axllama::text
