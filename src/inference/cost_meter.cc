#include "inference/cost_meter.h"

#include <algorithm>
#include <utility>

namespace axllama::inference {
namespace {

/// Published for a Pi 5's PCIe lane; until measured.
constexpr double kGuessedBytesPerSecond = 400e6;

double seconds(CostMeter::Duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

CostMeter::CostMeter(std::vector<model::PrefillGroup> groups)
    : groups_(std::move(groups)), chunks_(groups_.size()) {}

void CostMeter::Times::add(double value) noexcept {
  seconds_[count_++ % seconds_.size()] = value;
}

double CostMeter::Times::least() const noexcept {
  const auto end = seconds_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, seconds_.size()));
  return *std::min_element(seconds_.begin(), end);
}

void CostMeter::decoded(Duration time) {
  decode_.add(seconds(time));
}

void CostMeter::prefilled(std::size_t group, std::size_t count, Duration time) {
  Chunk& chunk = chunks_[group];
  const bool full = 2 * count >= groups_[group].rows;
  if (full && !std::exchange(chunk.full, true)) {
    chunk.times.clear();
  }
  if (full == chunk.full) {
    chunk.times.add(seconds(time));
  }
}

void CostMeter::copied(Duration time) {
  copy_.add(seconds(time));
}

void CostMeter::transferred(std::size_t bytes, Duration time) {
  if (bytes > 0) {
    transfer_.add(seconds(time) / static_cast<double>(bytes));
  }
}

bool CostMeter::measured() const noexcept {
  return fixed_ || !decode_.empty() || assumed_.decode_step || !assumed_.chunks.empty() ||
         std::any_of(chunks_.begin(), chunks_.end(), [](const Chunk& chunk) { return !chunk.times.empty(); });
}

const model::CostRecord::Chunk* CostMeter::assumed_chunk(std::size_t group) const {
  const auto found = std::find_if(assumed_.chunks.begin(), assumed_.chunks.end(), [&](const auto& chunk) {
    return chunk.rows == groups_[group].rows && chunk.history == groups_[group].history;
  });
  return found == assumed_.chunks.end() ? nullptr : &*found;
}

/// What calls take now, as a multiple of what was assumed; 1 where nothing can be compared.
double CostMeter::pace() const {
  if (!decode_.empty() && assumed_.decode_step) {
    return decode_.least() / *assumed_.decode_step;
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const model::CostRecord::Chunk* assumed = assumed_chunk(i);
    if (assumed != nullptr && !chunks_[i].times.empty() && chunks_[i].full == assumed->full) {
      return chunks_[i].times.least() / assumed->seconds;
    }
  }
  return 1;
}

std::optional<double> CostMeter::known_decode() const {
  if (!decode_.empty()) {
    return decode_.least();
  }
  return assumed_.decode_step ? std::optional(*assumed_.decode_step * pace()) : std::nullopt;
}

std::optional<double> CostMeter::known_copy() const {
  return copy_.empty() ? assumed_.copy : copy_.least();
}

std::optional<double> CostMeter::known_byte() const {
  return transfer_.empty() ? assumed_.byte : transfer_.least();
}

/// Of a full chunk, as far as there has been one.
std::optional<double> CostMeter::known_chunk(std::size_t group) const {
  const Chunk& measured = chunks_[group];
  const model::CostRecord::Chunk* assumed = assumed_chunk(group);
  if (!measured.times.empty() && (measured.full || assumed == nullptr || !assumed->full)) {
    return measured.times.least();
  }
  return assumed == nullptr ? std::nullopt : std::optional(assumed->seconds * pace());
}

bool CostMeter::knows_chunk(std::size_t group) const {
  const model::CostRecord::Chunk* assumed = assumed_chunk(group);
  return chunks_[group].full || (assumed != nullptr && assumed->full);
}

model::CostRecord CostMeter::record() const {
  model::CostRecord record{.decode_step = known_decode(), .copy = known_copy(), .byte = known_byte()};
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (const std::optional<double> seconds = known_chunk(i)) {
      record.chunks.push_back({groups_[i].rows, groups_[i].history, *seconds, knows_chunk(i)});
    }
  }
  return record;
}

/// By the known group whose history is nearest.
std::optional<double> CostMeter::chunk_by_another(std::size_t group) const {
  const auto distance = [&](std::size_t i) {
    const auto [low, high] = std::minmax(groups_[i].history, groups_[group].history);
    return high - low;
  };
  std::optional<std::size_t> nearest;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (known_chunk(i) && (!nearest || distance(i) < distance(*nearest))) {
      nearest = i;
    }
  }
  if (!nearest) {
    return std::nullopt;
  }
  return *known_chunk(*nearest) * static_cast<double>(groups_[group].rows) /
         static_cast<double>(groups_[*nearest].rows);
}

PrefillCosts CostMeter::costs() const {
  if (fixed_) {
    return *fixed_;
  }
  PrefillCosts costs = PrefillCosts::guess(groups_.size());
  if (!measured()) {
    return costs;
  }
  costs.decode_step = known_decode().value_or(
      groups_.empty() ? 1.0 : chunk_by_another(0).value_or(1.0) / PrefillCosts::kGuessedChunk);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    costs.chunk[i] = known_chunk(i).value_or(
        chunk_by_another(i).value_or(costs.decode_step * PrefillCosts::kGuessedChunk));
  }
  costs.copy = known_copy().value_or(costs.copy * costs.decode_step);
  return costs;
}

double CostMeter::transfer_seconds(std::size_t bytes) const noexcept {
  return static_cast<double>(bytes) * known_byte().value_or(1 / kGuessedBytesPerSecond);
}

}  // namespace axllama::inference
