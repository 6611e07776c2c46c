#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::model {

/// What a model said once when it was known to be well: logits of some tokens after a fixed prompt. Kept as
/// `canary.json` in a package, or beside other files about it.
struct CanaryRecord {
  std::vector<text::TokenId> prompt;
  std::vector<text::TokenId> tokens;  // ascending
  std::vector<float> logits;          // of these tokens, after the last token of the prompt
  std::string recorded_by;            // program and runtime, for people
};

inline constexpr const char* kCanaryFile = "canary.json";

/// Nothing when the file does not exist. Throws Error (kInvalidArgument) naming the file when it is not such
/// a record.
std::optional<CanaryRecord> read_canary(const std::filesystem::path& file);

/// Makes the folder where needed, writes beside `file` and renames. Throws Error (kInternal) when that fails.
void write_canary(const std::filesystem::path& file, const CanaryRecord& record);

}  // namespace axllama::model
