#include "model/embedding_shape.h"

#include <array>
#include <optional>
#include <string>

#include "base/error.h"

namespace axllama::model {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kBytesPerElement = 2;  // bf16

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message);
}

std::string size_of(const std::filesystem::path& file, std::uint64_t bytes) {
  return file.string() + " has " + std::to_string(bytes) + " bytes";
}

/// The other side of a table whose elements and one side are known.
std::size_t other_side(const std::filesystem::path& file, std::uint64_t bytes, std::size_t side,
                       const char* what, const std::filesystem::path& config_file) {
  if (side == 0 || bytes % (side * kBytesPerElement) != 0) {
    fail(size_of(file, bytes) + ", which is not a whole number of bf16 " + what + " " + std::to_string(side) +
         ", as " + config_file.string() + " gives it.");
  }
  return bytes / (side * kBytesPerElement);
}

/// Padding of the vocabulary is small (Qwen3: 0.2 %), so the hidden size is the largest usual one that leaves
/// every token a row.
std::optional<EmbeddingShape> guess(std::uint64_t elements, std::size_t token_count) {
  constexpr std::array<std::size_t, 4> kSteps = {64, 32, 16, 8};
  const std::size_t padded = token_count + token_count / 16 + 1024;
  for (const std::size_t step : kSteps) {
    for (std::size_t hidden = elements / token_count / step * step; hidden > 0 && elements / hidden <= padded;
         hidden -= step) {
      if (elements % hidden == 0) return EmbeddingShape{elements / hidden, hidden};
    }
  }
  return std::nullopt;
}

}  // namespace

EmbeddingShape infer_embedding_shape(const std::filesystem::path& file, std::uint64_t bytes,
                                     const PackageConfig& config, std::size_t token_count) {
  EmbeddingShape shape;
  if (config.hidden_size && config.vocabulary_size) {
    shape = {*config.vocabulary_size, *config.hidden_size};
    const std::uint64_t wanted = shape.vocabulary * shape.hidden * kBytesPerElement;
    if (wanted != bytes) {
      fail(size_of(file, bytes) + ", but " + config.file.string() + " asks for " + std::to_string(wanted) +
           " (" + std::to_string(shape.vocabulary) + " rows of " + std::to_string(shape.hidden) +
           " bf16 values).");
    }
  } else if (config.hidden_size) {
    shape = {other_side(file, bytes, *config.hidden_size, "rows of", config.file), *config.hidden_size};
  } else if (config.vocabulary_size) {
    shape = {*config.vocabulary_size,
             other_side(file, bytes, *config.vocabulary_size, "columns of", config.file)};
  } else {
    const std::optional<EmbeddingShape> guessed = token_count == 0 || bytes % kBytesPerElement != 0
                                                      ? std::nullopt
                                                      : guess(bytes / kBytesPerElement, token_count);
    if (!guessed) {
      fail(size_of(file, bytes) + ", which fits no usual hidden size for the tokenizer's " +
           std::to_string(token_count) + " tokens; \"tokens_embed_num\" and \"tokens_embed_size\" in " +
           config.file.string() + " can say it.");
    }
    shape = *guessed;
  }
  if (shape.vocabulary < token_count) {
    fail(size_of(file, bytes) + ", " + std::to_string(shape.vocabulary) + " rows of " +
         std::to_string(shape.hidden) + " bf16 values, but the tokenizer has " + std::to_string(token_count) +
         " tokens.");
  }
  return shape;
}

}  // namespace axllama::model
