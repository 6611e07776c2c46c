#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::text {

/// The contents of a tokenizer.json. The two long parts are taken out of the tree: `vocabulary` is
/// model.vocab, `merges` is model.merges, in the order of the file.
struct TokenizerJson {
  nlohmann::json root;
  std::vector<std::pair<std::string, std::int64_t>> vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;
  bool has_vocabulary = false;  // model.vocab is there and is an object
  bool has_merges = false;      // model.merges is there and is an array
};

/// Parses `text`; `file` stands in messages. Throws base::Error (kInvalidArgument) naming file, position or
/// field: text that is not JSON, a vocabulary entry that is no id, a merge that is no pair of tokens.
TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& file);

/// The JSON object in a file; an empty object when the file does not exist or is empty (vendors ship empty
/// ones). Throws base::Error (kInvalidArgument) naming the file when it holds something else.
nlohmann::json read_json_object(const std::filesystem::path& file);

/// The bytes of a file. Throws base::Error (kNotFound, kInvalidArgument); also for the pointer that git
/// leaves where a large file was not fetched.
std::string read_text_file(const std::filesystem::path& file);

}  // namespace axllama::text
