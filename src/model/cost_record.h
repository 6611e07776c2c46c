#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace axllama::model {

/// What engine calls of a package took on one card, in seconds; unset: not known. Kept in a file of its own,
/// so that the next load plans with it from the first prompt on.
struct CostRecord {
  /// A prefill chunk in a shape group.
  struct Chunk {
    std::size_t rows = 0;
    std::size_t history = 0;
    double seconds = 0;
    bool full = false;  // measured with chunks that were at least half full

    bool operator==(const Chunk&) const = default;
  };

  std::string card = {};  // what it was measured on
  std::optional<double> decode_step = {};
  std::vector<Chunk> chunks = {};
  std::optional<double> copy = {};  // of a cached beginning from slot to slot
  std::optional<double> byte = {};  // between host and card

  bool operator==(const CostRecord&) const = default;
};

/// Nothing when the file does not exist. Throws Error (kInvalidArgument) naming the file when it is not such
/// a record, or has costs that no call can have.
std::optional<CostRecord> read_costs(const std::filesystem::path& file);

/// Makes the folder where needed, writes beside `file` and renames. Throws Error (kInternal) when that fails.
void write_costs(const std::filesystem::path& file, const CostRecord& record);

}  // namespace axllama::model
