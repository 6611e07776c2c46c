#include "compiler/gguf_tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compiler/sentencepiece_merges.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::ordered_json;

// tokenizer.ggml.token_type
constexpr std::int64_t kNormal = 1;
constexpr std::int64_t kUnknown = 2;
constexpr std::int64_t kControl = 3;
constexpr std::int64_t kUserDefined = 4;

// Patterns as the models' own tokenizer.json files give them.
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kGpt4oPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

ordered_json byte_level(bool splits) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", splits}};
}

ordered_json split_by(const char* pattern) {
  const ordered_json split = {
      {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({split, byte_level(false)})}};
}

/// What tokenizer.ggml.pre stands for.
struct PreTokenizer {
  ordered_json normalizer;
  ordered_json pre_tokenizer;
  bool ignore_merges = false;
};

PreTokenizer pre_tokenizer_named(const std::string& name, const std::string& file) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is({"qwen2", "deepseek-r1-qwen"})) return {{{"type", "NFC"}}, split_by(kQwen2Pattern)};
  if (is({"llama-bpe", "llama3", "llama-v3", "smaug-bpe", "dbrx"}))
    return {nullptr, split_by(kLlama3Pattern), true};
  if (is({"gpt-4o"})) return {nullptr, split_by(kGpt4oPattern)};
  if (is({"gpt-2", "gpt2", "phi-2"})) return {nullptr, byte_level(true)};
  if (is({"smollm"})) {
    const ordered_json digits = {{"type", "Digits"}, {"individual_digits", true}};
    return {nullptr,
            {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({digits, byte_level(true)})}}};
  }
  throw Error(ErrorCode::kUnsupported,
              file + ": the pre-tokenizer \"" + name +
                  "\" is not supported; supported are qwen2, deepseek-r1-qwen, llama-bpe, gpt-2, "
                  "smollm and gpt-4o");
}

class Reader {
 public:
  explicit Reader(const GgufFile& file) : file_(file), name_(file.path().string()) {
    const auto* tokens = file.texts("tokenizer.ggml.tokens");
    if (tokens == nullptr || tokens->empty()) fail("has no tokenizer (tokenizer.ggml.tokens)");
    tokens_ = tokens;
    types_ = file.integers("tokenizer.ggml.token_type");
    if (types_ != nullptr && types_->size() != tokens->size()) {
      fail("has " + std::to_string(tokens->size()) + " tokens, but " + std::to_string(types_->size()) +
           " token types");
    }
  }

  GgufTokenizer read() const {
    GgufTokenizer tokenizer;
    const std::string model = file_.text("tokenizer.ggml.model").value_or("");
    if (model != "gpt2" && model != "llama") {
      throw Error(ErrorCode::kUnsupported, name_ + ": the tokenizer model \"" + model +
                                               "\" is not supported; supported are gpt2 and llama");
    }
    tokenizer.tokenizer_json = model == "gpt2" ? byte_level_json() : sentencepiece_json();
    tokenizer.tokenizer_config_json = config_json();
    tokenizer.generation_config_json = generation_config_json();
    tokenizer.chat_template = file_.text("tokenizer.chat_template").value_or("");
    return tokenizer;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::kInvalidArgument, name_ + " " + what + ".");
  }

  std::int64_t type_of(std::size_t id) const { return types_ == nullptr ? kNormal : (*types_)[id]; }

  /// The token a key names by id; nothing when the key is absent or names none.
  std::optional<std::size_t> id_of(const char* key) const {
    const std::optional<std::uint64_t> id = file_.count(key);
    if (!id || *id >= tokens_->size()) return std::nullopt;
    return *id;
  }

  bool adds_bos(bool otherwise) const {
    return file_.flag("tokenizer.ggml.add_bos_token").value_or(otherwise) &&
           id_of("tokenizer.ggml.bos_token_id").has_value();
  }

  ordered_json added_tokens() const {
    ordered_json added = ordered_json::array();
    for (std::size_t id = 0; id < tokens_->size(); ++id) {
      const std::int64_t type = type_of(id);
      if (type != kControl && type != kUserDefined && type != kUnknown) continue;
      added.push_back({{"id", id},
                       {"content", (*tokens_)[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", type != kUserDefined}});
    }
    return added;
  }

  /// Embedding models have one behind each text.
  bool adds_eos() const {
    return file_.flag("tokenizer.ggml.add_eos_token").value_or(false) &&
           id_of("tokenizer.ggml.eos_token_id").has_value();
  }

  ordered_json post_processor(bool bos) const {
    if (!bos && !adds_eos()) return nullptr;
    ordered_json special_tokens = ordered_json::object();
    ordered_json single = ordered_json::array();
    const auto add = [&](const char* key) {
      const std::size_t id = *id_of(key);
      const std::string& token = (*tokens_)[id];
      single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
      special_tokens[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
    };
    if (bos) add("tokenizer.ggml.bos_token_id");
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    if (adds_eos()) add("tokenizer.ggml.eos_token_id");
    ordered_json pair = single;
    pair.insert(pair.end(), single.begin(), single.end());
    return {{"type", "TemplateProcessing"},
            {"single", std::move(single)},
            {"pair", std::move(pair)},
            {"special_tokens", std::move(special_tokens)}};
  }

  /// The vocabulary as JSON text: nlohmann's ordered objects search linearly, and its plain ones would sort.
  std::string vocabulary_text() const {
    std::string text = "{";
    for (std::size_t id = 0; id < tokens_->size(); ++id) {
      if (id > 0) text += ',';
      text += quoted((*tokens_)[id]) + ':' + std::to_string(id);
    }
    return text + '}';
  }

  std::string quoted(const std::string& token) const {
    try {
      return ordered_json(token).dump();
    } catch (const nlohmann::json::exception&) {
      fail("has a token that is not UTF-8");
    }
  }

  std::string document(const ordered_json& frame, const ordered_json& model,
                       const std::string& merges) const {
    std::string model_text = model.dump();
    model_text.insert(model_text.size() - 1, ",\"vocab\":" + vocabulary_text() + ",\"merges\":" + merges);
    std::string text = frame.dump();
    text.insert(text.size() - 1, ",\"model\":" + model_text);
    return text;
  }

  static ordered_json model_options(bool ignore_merges, bool byte_fallback, const ordered_json& unknown) {
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", unknown},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", byte_fallback},
            {"byte_fallback", byte_fallback},
            {"ignore_merges", ignore_merges}};
  }

  std::string byte_level_json() const {
    const auto* merges = file_.texts("tokenizer.ggml.merges");
    if (merges == nullptr) fail("has no merges (tokenizer.ggml.merges)");
    std::string merge_text = "[";
    for (const std::string& merge : *merges) {
      const std::size_t space = merge.find(' ', 1);
      if (space == std::string::npos) fail("has the merge \"" + merge + "\", which is no pair");
      merge_text += (merge_text.size() > 1 ? ",[" : "[") + quoted(merge.substr(0, space)) + ',' +
                    quoted(merge.substr(space + 1)) + ']';
    }
    const PreTokenizer pre = pre_tokenizer_named(file_.text("tokenizer.ggml.pre").value_or("gpt-2"), name_);
    const ordered_json frame = {{"version", "1.0"},
                                {"truncation", nullptr},
                                {"padding", nullptr},
                                {"added_tokens", added_tokens()},
                                {"normalizer", pre.normalizer},
                                {"pre_tokenizer", pre.pre_tokenizer},
                                {"post_processor", post_processor(adds_bos(false))},
                                {"decoder", byte_level(true)}};
    return document(frame, model_options(pre.ignore_merges, false, nullptr), merge_text + ']');
  }

  std::string sentencepiece_json() const {
    const auto* scores = file_.numbers("tokenizer.ggml.scores");
    if (scores == nullptr || scores->size() != tokens_->size()) {
      fail("has " + std::to_string(tokens_->size()) + " tokens, but " +
           std::to_string(scores == nullptr ? 0 : scores->size()) + " scores");
    }
    std::string merges = "[";
    for (const auto& [left, right] : sentencepiece_merges(*tokens_, *scores)) {
      merges += (merges.size() > 1 ? ",[" : "[") + quoted(left) + ',' + quoted(right) + ']';
    }
    const auto replace = [](const char* from, const char* to) {
      return ordered_json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
    };
    ordered_json normalizers = ordered_json::array();
    ordered_json decoders =
        ordered_json::array({replace("\u2581", " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
    if (file_.flag("tokenizer.ggml.add_space_prefix").value_or(true)) {
      normalizers.push_back({{"type", "Prepend"}, {"prepend", "\u2581"}});
      decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    normalizers.push_back(replace(" ", "\u2581"));
    const std::optional<std::size_t> unknown = id_of("tokenizer.ggml.unknown_token_id");
    const ordered_json frame = {{"version", "1.0"},
                                {"truncation", nullptr},
                                {"padding", nullptr},
                                {"added_tokens", added_tokens()},
                                {"normalizer", {{"type", "Sequence"}, {"normalizers", normalizers}}},
                                {"pre_tokenizer", nullptr},
                                {"post_processor", post_processor(adds_bos(true))},
                                {"decoder", {{"type", "Sequence"}, {"decoders", decoders}}}};
    const ordered_json unknown_token = unknown ? ordered_json((*tokens_)[*unknown]) : ordered_json(nullptr);
    return document(frame, model_options(false, true, unknown_token), merges + ']');
  }

  std::string config_json() const {
    ordered_json config = ordered_json::object();
    constexpr std::array kNamed = {std::pair{"bos_token", "tokenizer.ggml.bos_token_id"},
                                   std::pair{"eos_token", "tokenizer.ggml.eos_token_id"},
                                   std::pair{"pad_token", "tokenizer.ggml.padding_token_id"},
                                   std::pair{"unk_token", "tokenizer.ggml.unknown_token_id"}};
    for (const auto& [name, key] : kNamed) {
      if (const std::optional<std::size_t> id = id_of(key)) config[name] = (*tokens_)[*id];
    }
    return config.dump(2) + "\n";
  }

  /// Files name one end; the end of a turn may be another token, as Gemma's is.
  std::string generation_config_json() const {
    std::vector<std::size_t> ends;
    const auto add = [&](std::optional<std::size_t> id) {
      if (id && std::find(ends.begin(), ends.end(), *id) == ends.end()) ends.push_back(*id);
    };
    add(id_of("tokenizer.ggml.eos_token_id"));
    add(id_of("tokenizer.ggml.eot_token_id"));
    const auto turn = std::find(tokens_->begin(), tokens_->end(), "<end_of_turn>");
    const auto place = static_cast<std::size_t>(turn - tokens_->begin());
    if (turn != tokens_->end() && type_of(place) != kNormal) add(place);
    return ends.size() > 1 ? ordered_json{{"eos_token_id", ends}}.dump(2) + "\n" : std::string();
  }

  const GgufFile& file_;
  std::string name_;
  const std::vector<std::string>* tokens_ = nullptr;
  const std::vector<std::int64_t>* types_ = nullptr;
};

}  // namespace

GgufTokenizer read_gguf_tokenizer(const GgufFile& file) {
  return Reader(file).read();
}

}  // namespace axllama::compiler
