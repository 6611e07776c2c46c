#include "text/tokenizer/tokenizer_json.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/json_components.h"
#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/json_file.h"

namespace axllama::text {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::int64_t kIdLimit = std::int64_t{1} << 24U;  // far above any vocabulary
constexpr std::size_t kLongestAddedToken = 1024;           // bytes

std::string in_quotes(const std::string& token) {
  return json(token).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Model options that change the algorithm in ways this program does not know must be off.
void check_model(const JsonFields& model) {
  if (model.has("type") && model.string("type") != "BPE") model.unsupported("type");
  if (model.has("dropout") &&
      !(model.at("dropout").is_number() && model.at("dropout").get<double>() == 0.0)) {
    model.unsupported("dropout");
  }
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.has(affix) && !model.string(affix).empty()) model.unsupported(affix);
  }
}

struct Vocabulary {
  TokenMap ids;                 // by spelling
  std::int64_t next_added = 0;  // the id of the next added token that is not among them
  std::int64_t id_limit = 0;    // above all ids
};

Vocabulary read_vocabulary(TokenizerJson& document, const std::string& file, TokenizerParts& parts) {
  Vocabulary vocabulary;
  vocabulary.ids.reserve(document.vocabulary.size(), document.vocabulary.size() * 8);
  std::vector<std::uint32_t> first_with_id;  // index + 1 into parts.vocabulary
  parts.vocabulary.reserve(document.vocabulary.size());
  for (auto& [token, id] : document.vocabulary) {
    if (id < 0 || id >= kIdLimit) {
      throw base::Error(ErrorCode::kInvalidArgument, file + ": model.vocab[" + in_quotes(token) + "] is " +
                                                         std::to_string(id) + ", not an id below " +
                                                         std::to_string(kIdLimit) + ".");
    }
    if (!vocabulary.ids.insert(token, static_cast<TokenId>(id))) {
      throw base::Error(ErrorCode::kInvalidArgument,
                        file + ": model.vocab has " + in_quotes(token) + " twice.");
    }
    vocabulary.id_limit = std::max(vocabulary.id_limit, id + 1);
    const auto index = static_cast<std::size_t>(id);
    if (index >= first_with_id.size())
      first_with_id.resize(std::max(index + 1, document.vocabulary.size()), 0);
    if (first_with_id[index] != 0) {
      throw base::Error(ErrorCode::kInvalidArgument,
                        file + ": model.vocab gives the id " + std::to_string(id) + " to " +
                            in_quotes(parts.vocabulary[first_with_id[index] - 1].first) + " and to " +
                            in_quotes(token) + ".");
    }
    parts.vocabulary.emplace_back(std::move(token), static_cast<TokenId>(id));
    first_with_id[index] = static_cast<std::uint32_t>(parts.vocabulary.size());
  }
  vocabulary.next_added = static_cast<std::int64_t>(parts.vocabulary.size());
  return vocabulary;
}

void read_merges(const TokenizerJson& document, const std::string& file, const TokenMap& vocabulary,
                 MergeTable& merges) {
  merges.reserve(document.merges.size());
  std::string joined;
  for (std::size_t i = 0; i < document.merges.size(); ++i) {
    const std::string& left = document.merges[i].first;
    const std::string& right = document.merges[i].second;
    joined.assign(left).append(right);
    const auto id_of = [&](const std::string& token) {
      const TokenId id = vocabulary.find(token);
      if (id == kNoToken) {
        throw base::Error(ErrorCode::kInvalidArgument, file + ": model.merges[" + std::to_string(i) +
                                                           "] joins " + in_quotes(left) + " and " +
                                                           in_quotes(right) + ", but " + in_quotes(token) +
                                                           " is not in model.vocab.");
      }
      return id;
    };
    const TokenId left_id = id_of(left);
    const TokenId right_id = id_of(right);
    merges.set(left_id, right_id, {static_cast<std::uint32_t>(i), id_of(joined)});
  }
}

AddedToken read_added_token(const JsonFields& fields) {
  AddedToken token;
  token.content = fields.string("content");
  if (token.content.size() > kLongestAddedToken) {
    fields.fail(ErrorCode::kUnsupported, "has a content of " + std::to_string(token.content.size()) +
                                             " bytes; the limit is " + std::to_string(kLongestAddedToken));
  }
  token.special = fields.boolean("special", false);
  token.normalized = fields.boolean("normalized", !token.special);
  token.single_word = fields.boolean("single_word", false);
  token.lstrip = fields.boolean("lstrip", false);
  token.rstrip = fields.boolean("rstrip", false);
  return token;
}

/// Gives the token its id as the reference implementation does, which counts on and does not look at the
/// file: the one it has in the vocabulary, else the next free one. A file that says something else was
/// written for another program.
void add_token(const JsonFields& fields, std::int64_t written_id, Vocabulary& vocabulary,
               TokenizerParts& parts) {
  AddedToken token = read_added_token(fields);
  if (token.content.empty()) return;
  token.id = vocabulary.ids.find(token.content);
  if (token.id == kNoToken) {
    token.id = static_cast<TokenId>(vocabulary.next_added);
    vocabulary.ids.insert(token.content, token.id);
  }
  vocabulary.next_added = std::max<std::int64_t>(vocabulary.next_added, token.id + 1);
  vocabulary.id_limit = std::max<std::int64_t>(vocabulary.id_limit, token.id + 1);
  if (token.id != written_id) {
    fields.fail(ErrorCode::kInvalidArgument,
                "gives " + in_quotes(token.content) + " the id " + std::to_string(written_id) +
                    ", but by its place it has the id " + std::to_string(token.id));
  }
  parts.added_tokens.push_back(std::move(token));
}

void read_added_tokens(const json& root, const std::string& file, Vocabulary& vocabulary,
                       TokenizerParts& parts) {
  if (!root.contains("added_tokens") || root.at("added_tokens").is_null()) return;
  const json& list = root.at("added_tokens");
  if (!list.is_array())
    throw base::Error(ErrorCode::kInvalidArgument, file + ": added_tokens is not a list.");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonFields fields(list[i], file, "added_tokens[" + std::to_string(i) + "]");
    add_token(fields, fields.integer("id"), vocabulary, parts);
  }
}

/// Tokens that only tokenizer_config.json knows, in the order of their ids.
void read_extra_added_tokens(const json& extra, const std::string& file, Vocabulary& vocabulary,
                             TokenizerParts& parts) {
  if (!extra.is_object()) return;
  std::map<std::int64_t, const json*> by_id;
  for (const auto& [key, value] : extra.items()) {
    if (key.empty() || key.size() > 9 ||
        !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      throw base::Error(ErrorCode::kInvalidArgument,
                        file + ": added_tokens_decoder has the key " + in_quotes(key) + ", which is no id.");
    }
    by_id.emplace(std::stoll(key), &value);
  }
  for (const auto& [id, value] : by_id) {
    const JsonFields fields(*value, file, "added_tokens_decoder[\"" + std::to_string(id) + "\"]");
    const std::string content = fields.string("content");
    const bool known = std::any_of(parts.added_tokens.begin(), parts.added_tokens.end(),
                                   [&](const AddedToken& token) { return token.content == content; });
    if (!known) add_token(fields, id, vocabulary, parts);
  }
}

void read_options(const JsonFields& model, const TokenMap& vocabulary, TokenizerParts& parts) {
  BpeOptions& options = parts.options;
  options.ignore_merges = model.boolean("ignore_merges", false);
  options.byte_fallback = model.boolean("byte_fallback", false);
  options.fuse_unknown = model.boolean("fuse_unk", false);
  bool complete = options.byte_symbols;  // every symbol that can occur is in the vocabulary
  for (std::size_t byte = 0; byte < options.byte_tokens.size(); ++byte) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    options.byte_tokens[byte] =
        vocabulary.find({std::string("<0x") + kHex[byte / 16] + kHex[byte % 16] + ">"});
    const char text = static_cast<char>(byte);
    complete = complete && vocabulary.find(to_byte_level(std::string_view(&text, 1))) != kNoToken;
  }
  if (!model.has("unk_token")) return;
  options.unknown = vocabulary.find(model.string("unk_token"));
  if (options.unknown == kNoToken && !complete) {
    model.fail(ErrorCode::kInvalidArgument,
               "has the unk_token " + in_quotes(model.string("unk_token")) + ", which is not in model.vocab");
  }
}

}  // namespace

TokenizerParts read_tokenizer_json(std::string_view text, const std::string& file,
                                   const json& extra_added_tokens) {
  TokenizerJson document = parse_tokenizer_json(text, file);
  const JsonFields root(document.root, file, "");
  const JsonFields model = root.object("model");
  check_model(model);
  if (!document.has_vocabulary) model.fail(ErrorCode::kInvalidArgument, "has no object \"vocab\"");
  if (!document.has_merges) model.fail(ErrorCode::kInvalidArgument, "has no list \"merges\"");
  if (document.vocabulary.empty()) model.fail(ErrorCode::kInvalidArgument, "has an empty vocab");

  TokenizerParts parts;
  parts.source = file;
  if (root.has("normalizer")) read_normalizer(root.object("normalizer"), parts.normalizers);
  parts.options.byte_symbols =
      root.has("pre_tokenizer") && read_pre_tokenizer(root.object("pre_tokenizer"), parts.pre_tokenizers);
  read_decoder(root.object("decoder"), parts);
  if (root.has("post_processor")) read_post_processor(root.object("post_processor"), parts);

  Vocabulary vocabulary = read_vocabulary(document, file, parts);
  read_merges(document, file, vocabulary.ids, parts.merges);
  read_options(model, vocabulary.ids, parts);
  read_added_tokens(document.root, file, vocabulary, parts);
  read_extra_added_tokens(extra_added_tokens, file, vocabulary, parts);
  for (const std::vector<TokenId>* ids : {&parts.prefix, &parts.suffix}) {
    for (const TokenId id : *ids) {
      if (id >= vocabulary.id_limit) {
        root.fail(ErrorCode::kInvalidArgument, "uses the id " + std::to_string(id) +
                                                   " in its post_processor, but the vocabulary ends at " +
                                                   std::to_string(vocabulary.id_limit - 1));
      }
    }
  }
  return parts;
}

}  // namespace axllama::text
