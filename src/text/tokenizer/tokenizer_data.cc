#include "text/tokenizer/tokenizer_data.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

#include "text/tokenizer/byte_level.h"

namespace axllama::text {
namespace {

/// The byte that a token like "<0x0A>" stands for.
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// The bytes a token stands for, and whether it is a byte token.
std::pair<std::string, bool> piece_of(std::string_view token, const TokenizerParts& parts) {
  if (parts.decoder.byte_level) {
    std::optional<std::string> bytes = from_byte_level(token);
    return {bytes ? std::move(*bytes) : std::string(token), false};
  }
  if (parts.decoder.byte_fallback) {
    if (const std::optional<char> byte = byte_of(token)) return {std::string(1, *byte), true};
  }
  std::string piece(token);
  for (const auto& [from, to] : parts.decoder_replacements) replace_all(piece, from, to);
  replace_all(piece, parts.decoder.metaspace, " ");
  return {std::move(piece), false};
}

}  // namespace

std::unique_ptr<TokenizerData> assemble(TokenizerParts parts) {
  auto data = std::make_unique<TokenizerData>();
  std::size_t id_limit = 0;
  std::size_t bytes = 0;
  for (const auto& [token, id] : parts.vocabulary) {
    id_limit = std::max(id_limit, static_cast<std::size_t>(id) + 1);
    bytes += token.size();
  }
  for (const AddedToken& token : parts.added_tokens) {
    id_limit = std::max(id_limit, static_cast<std::size_t>(token.id) + 1);
    bytes += token.content.size();
  }
  data->tokens.reset(id_limit, bytes);
  data->pieces.reset(id_limit, bytes);
  data->ids.reserve(parts.vocabulary.size() + parts.added_tokens.size(), bytes);
  data->flags.assign(id_limit, 0);
  TokenMap model_vocabulary;
  model_vocabulary.reserve(parts.vocabulary.size(), bytes);

  const auto define = [&](const std::string& token, TokenId id) {
    data->tokens.set(id, token);
    data->ids.insert(token, id);
    const auto [piece, is_byte] = piece_of(token, parts);
    data->pieces.set(id, piece);
    if (is_byte) data->flags[static_cast<std::size_t>(id)] |= kByteToken;
  };
  for (const auto& [token, id] : parts.vocabulary) {
    define(token, id);
    if (!parts.options.byte_symbols) {
      model_vocabulary.insert(token, id);
    } else if (const std::optional<std::string> key = from_byte_level(token)) {
      model_vocabulary.insert(*key, id);
    }
  }
  std::vector<AddedToken> raw;
  std::vector<AddedToken> normalized;
  for (AddedToken& token : parts.added_tokens) {
    if (data->tokens[token.id] != token.content) define(token.content, token.id);
    if (token.special) data->flags[static_cast<std::size_t>(token.id)] |= kSpecialToken;
    if (!token.normalized) {
      raw.push_back(std::move(token));
      continue;
    }
    for (const auto& normalizer : parts.normalizers) normalizer->apply(token.content);
    normalized.push_back(std::move(token));
  }
  data->raw_added = AddedTokens(std::move(raw));
  data->normalized_added = AddedTokens(std::move(normalized));
  data->model = std::make_unique<BpeModel>(std::move(model_vocabulary), std::move(parts.merges),
                                           parts.options, id_limit);
  data->source = std::move(parts.source);
  data->normalizers = std::move(parts.normalizers);
  data->pre_tokenizers = std::move(parts.pre_tokenizers);
  data->decoder = std::move(parts.decoder);
  data->prefix = std::move(parts.prefix);
  data->suffix = std::move(parts.suffix);
  data->eos = std::move(parts.eos);
  return data;
}

}  // namespace axllama::text
