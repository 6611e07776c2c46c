#include "compiler/random_shapes.h"

#include <array>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compiler/rope.h"

namespace axllama::compiler {
namespace {

using nlohmann::ordered_json;

struct Shape {
  std::string_view name;
  std::size_t layers, hidden, heads, kv_heads, head_dim, intermediate, vocabulary, max_positions;
};

// Published configurations of Qwen3 (config.json of each model), and two small ones.
constexpr std::array kShapes{
    Shape{"Qwen3-0.6B", 28, 1024, 16, 8, 128, 3072, 151936, 40960},
    Shape{"Qwen3-1.7B", 28, 2048, 16, 8, 128, 6144, 151936, 40960},
    Shape{"Qwen3-4B", 36, 2560, 32, 8, 128, 9728, 151936, 40960},
    Shape{"tiny-4", 4, 64, 4, 2, 32, 128, 512, 4096},
    Shape{"tiny-36", 36, 64, 4, 2, 32, 128, 512, 4096},
};

constexpr double kTheta = 1e6;
constexpr std::size_t kBytes = 256;
constexpr std::array<const char*, 3> kSpecialTokens{"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

std::string utf8(std::uint32_t code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3FU))};
}

/// The letter a byte has in byte-level vocabularies (GPT-2's bytes_to_unicode): itself when it prints, else
/// 256 + n.
std::vector<std::string> byte_letters() {
  const auto prints = [](std::uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  };
  std::vector<std::string> letters;
  std::uint32_t next = kBytes;
  for (std::uint32_t byte = 0; byte < kBytes; ++byte) letters.push_back(utf8(prints(byte) ? byte : next++));
  return letters;
}

}  // namespace

std::vector<std::string> random_shapes() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

DecoderConfig random_shape(const std::string& name) {
  for (const Shape& shape : kShapes) {
    if (shape.name != name) continue;
    DecoderConfig config;
    config.architecture = "qwen3";
    config.layers = shape.layers;
    config.hidden = shape.hidden;
    config.heads = shape.heads;
    config.kv_heads = shape.kv_heads;
    config.head_dim = shape.head_dim;
    config.intermediate = shape.intermediate;
    config.vocabulary = shape.vocabulary;
    config.max_positions = shape.max_positions;
    config.tied_embeddings = true;
    config.qk_norm = true;
    config.rope_inv_freq = rope_frequencies(shape.head_dim, kTheta);
    return config;
  }
  std::string known;
  for (const std::string& shape : random_shapes()) known += (known.empty() ? "" : ", ") + shape;
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "there is no shape named " + name + "; known shapes are " + known);
}

std::string random_tokenizer_json(std::size_t vocabulary) {
  ordered_json tokens;
  for (const std::string& letter : byte_letters()) tokens[letter] = tokens.size();
  ordered_json added = ordered_json::array();
  for (const char* special : kSpecialTokens) {
    added.push_back({{"id", vocabulary - kSpecialTokens.size() + added.size()},
                     {"content", special},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  // nlohmann's ordered objects search linearly: a hundred thousand fillers are written as text.
  std::string fillers;
  for (std::size_t id = tokens.size(); id < vocabulary - kSpecialTokens.size(); ++id) {
    fillers += ",\"filler " + std::to_string(id) + "\":" + std::to_string(id);
  }
  std::string vocab = tokens.dump();
  vocab.insert(vocab.size() - 1, fillers);
  return R"({"version":"1.0","added_tokens":)" + added.dump() +
         R"(,"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true},)"
         R"("post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},)"
         R"("model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"",)"
         R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":)" +
         vocab + R"(,"merges":[]}})";
}

std::string random_tokenizer_config_json() {
  return R"({"eos_token":"<|im_end|>","pad_token":"<|endoftext|>"})";
}

}  // namespace axllama::compiler
