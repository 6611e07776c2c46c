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
  return fixed_ || !decode_.empty() ||
         std::any_of(chunks_.begin(), chunks_.end(), [](const Chunk& chunk) { return !chunk.times.empty(); });
}

/// By the measured group whose history is nearest.
std::optional<double> CostMeter::chunk_by_another(std::size_t group) const {
  const auto distance = [&](std::size_t i) {
    const auto [low, high] = std::minmax(groups_[i].history, groups_[group].history);
    return high - low;
  };
  std::optional<std::size_t> nearest;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (!chunks_[i].times.empty() && (!nearest || distance(i) < distance(*nearest))) {
      nearest = i;
    }
  }
  if (!nearest) {
    return std::nullopt;
  }
  return chunks_[*nearest].times.least() * static_cast<double>(groups_[group].rows) /
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
  if (!decode_.empty()) {
    costs.decode_step = decode_.least();
  } else {
    costs.decode_step = chunk_by_another(0).value_or(1.0) / PrefillCosts::kGuessedChunk;
  }
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    costs.chunk[i] = chunks_[i].times.empty()
                         ? chunk_by_another(i).value_or(costs.decode_step * PrefillCosts::kGuessedChunk)
                         : chunks_[i].times.least();
  }
  costs.copy = copy_.empty() ? costs.copy * costs.decode_step : copy_.least();
  return costs;
}

double CostMeter::transfer_seconds(std::size_t bytes) const noexcept {
  return static_cast<double>(bytes) * (transfer_.empty() ? 1 / kGuessedBytesPerSecond : transfer_.least());
}

}  // namespace axllama::inference
