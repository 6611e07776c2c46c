#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace axllama::model::testing {

/// A temporary folder to lay out packages in; removed at the end.
class PackageFolder : public axllama::testing::TemporaryFolder {
 public:
  void remove(const std::string& name) const { std::filesystem::remove(path() / name); }

  /// `count` layer files "PREFIX<i>SUFFIX" and a head, whose content is not looked at before the card sees
  /// it.
  void write_layers(std::size_t count, const std::string& prefix = "qwen3_p128_l",
                    const std::string& suffix = "_together.axmodel") const {
    for (std::size_t i = 0; i < count; ++i) write(prefix + std::to_string(i) + suffix, "layer");
  }
  /// An embedding table whose element at (row, column) is row * hidden + column, modulo 2^16.
  void write_embedding(std::size_t rows, std::size_t hidden,
                       const std::string& name = "model.embed_tokens.weight.bfloat16.bin") const {
    std::string table;
    for (std::size_t i = 0; i < rows * hidden; ++i) {
      table += static_cast<char>(i & 0xFFU);
      table += static_cast<char>((i >> 8U) & 0xFFU);
    }
    write(name, table);
  }
  /// A byte-level tokenizer with the 256 byte letters and `special` added tokens behind them.
  void write_tokenizer(std::size_t special = 2, const std::string& name = "tokenizer.json") const {
    nlohmann::json vocabulary;
    int shifted = 0;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const int letter = printable ? byte : 256 + shifted++;
      std::string utf8;
      if (letter < 0x80) {
        utf8 += static_cast<char>(letter);
      } else {
        utf8 += static_cast<char>(0xC0 | (letter >> 6));
        utf8 += static_cast<char>(0x80 | (letter & 0x3F));
      }
      vocabulary[utf8] = byte;
    }
    nlohmann::json added = nlohmann::json::array();
    for (std::size_t i = 0; i < special; ++i) {
      added.push_back({{"id", 256 + i},
                       {"content", "<|special_" + std::to_string(i) + "|>"},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", true}});
    }
    const nlohmann::json byte_level = {
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
    const nlohmann::json tokenizer = {{"version", "1.0"},
                                      {"truncation", nullptr},
                                      {"padding", nullptr},
                                      {"added_tokens", added},
                                      {"normalizer", nullptr},
                                      {"pre_tokenizer", byte_level},
                                      {"post_processor", nullptr},
                                      {"decoder", byte_level},
                                      {"model",
                                       {{"type", "BPE"},
                                        {"dropout", nullptr},
                                        {"unk_token", nullptr},
                                        {"continuing_subword_prefix", ""},
                                        {"end_of_word_suffix", ""},
                                        {"fuse_unk", false},
                                        {"byte_fallback", false},
                                        {"vocab", vocabulary},
                                        {"merges", nlohmann::json::array()}}}};
    write(name, tokenizer.dump());
  }
  /// A package of `layers` layers that opens: 320 rows of 64, so 256 + 2 tokens with padding.
  void write_package(std::size_t layers = 3) const {
    write_layers(layers);
    write("qwen3_post.axmodel", "head");
    write_embedding(320, 64);
    write_tokenizer();
  }
};

}  // namespace axllama::model::testing
