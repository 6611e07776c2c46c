#include "text/tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizer/streaming_detokenizer.h"
#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {
namespace {

/// Encodes the parts of one input.
class Encoder {
 public:
  Encoder(const TokenizerData& data, bool parse_special) : data_(data), parse_special_(parse_special) {}

  std::vector<TokenId> run(std::string_view text) {
    ids_.reserve(text.size() / 3 + 1);
    std::vector<Segment> segments;
    data_.raw_added.split(text, parse_special_, segments);
    for (const Segment& segment : segments) {
      if (segment.id != kNoToken) {
        ids_.push_back(segment.id);
      } else {
        normalize(std::string(text.substr(segment.begin, segment.end - segment.begin)), segment.begin == 0);
      }
    }
    return std::move(ids_);
  }

 private:
  void normalize(std::string text, bool at_start) {
    for (const auto& normalizer : data_.normalizers) normalizer->apply(text);
    if (data_.normalized_added.empty()) {
      tokenize(std::move(text), at_start);
      return;
    }
    std::vector<Segment> segments;
    data_.normalized_added.split(text, parse_special_, segments);
    for (const Segment& segment : segments) {
      if (segment.id != kNoToken) {
        ids_.push_back(segment.id);
      } else {
        tokenize(text.substr(segment.begin, segment.end - segment.begin), at_start && segment.begin == 0);
      }
    }
  }

  void tokenize(std::string text, bool at_start) {
    if (text.empty()) return;
    PreTokens tokens;
    tokens.pieces.push_back({0, text.size()});
    tokens.text = std::move(text);
    tokens.at_start = at_start;
    for (const auto& step : data_.pre_tokenizers) step->apply(tokens);
    const std::string_view all = tokens.text;
    for (const Span& piece : tokens.pieces) {
      data_.model->encode(all.substr(piece.begin, piece.end - piece.begin), ids_, workspace_);
    }
  }

  const TokenizerData& data_;
  bool parse_special_;
  std::vector<TokenId> ids_;
  BpeModel::Workspace workspace_;
};

bool has_flag(const TokenizerData& data, TokenId id, TokenFlag flag) noexcept {
  return id >= 0 && static_cast<std::size_t>(id) < data.flags.size() &&
         (data.flags[static_cast<std::size_t>(id)] & flag) != 0;
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<const TokenizerData> data) : data_(std::move(data)) {}
Tokenizer::~Tokenizer() = default;

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool parse_special) const {
  constexpr std::size_t kLongest = std::size_t{1}
                                   << 30U;  // positions are 32 bits wide; the text may grow threefold
  if (text.size() > kLongest) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "A text of " + std::to_string(text.size()) +
                          " bytes is too long to be tokenized; the limit is " + std::to_string(kLongest) +
                          " bytes.");
  }
  Encoder encoder(*data_, parse_special);
  return base::is_valid_utf8(text) ? encoder.run(text) : encoder.run(base::to_valid_utf8(text));
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  // An owner of nothing: the decoder does not outlive this call.
  StreamingDetokenizer decoder(std::shared_ptr<const Tokenizer>(std::shared_ptr<const void>(), this),
                               skip_special);
  decoder.whole_runs_ = true;
  std::string text;
  for (const TokenId id : ids) text += decoder.push(id);
  text += decoder.flush();
  return text;
}

std::string_view Tokenizer::piece(TokenId id) const noexcept {
  return data_->pieces[id];
}

std::string_view Tokenizer::token(TokenId id) const noexcept {
  return data_->tokens[id];
}

std::optional<TokenId> Tokenizer::token_id(std::string_view token) const {
  const TokenId id = data_->ids.find(token);
  return id == kNoToken ? std::nullopt : std::optional(id);
}

bool Tokenizer::is_special(TokenId id) const noexcept {
  return has_flag(*data_, id, kSpecialToken);
}

bool Tokenizer::is_eos(TokenId id) const noexcept {
  return has_flag(*data_, id, kEosToken);
}

std::size_t Tokenizer::vocabulary_size() const noexcept {
  return data_->tokens.size();
}

std::optional<TokenId> Tokenizer::bos() const noexcept {
  return data_->bos;
}

const std::vector<TokenId>& Tokenizer::eos() const noexcept {
  return data_->eos;
}

bool Tokenizer::adds_bos() const noexcept {
  return data_->bos &&
         std::find(data_->prefix.begin(), data_->prefix.end(), *data_->bos) != data_->prefix.end();
}

std::vector<TokenId> Tokenizer::add_special_tokens(std::vector<TokenId> ids) const {
  ids.insert(ids.begin(), data_->prefix.begin(), data_->prefix.end());
  ids.insert(ids.end(), data_->suffix.begin(), data_->suffix.end());
  return ids;
}

}  // namespace axllama::text
