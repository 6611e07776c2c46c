#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "inference/prefill_plan.h"
#include "model/cost_record.h"
#include "model/shapes.h"

namespace axllama::inference {

/// What engine calls cost on this card: measured each time one is made, so that the plan fits the card from
/// the first prompt on and follows it when it gets slower. The least of the last few times counts, as the
/// host only ever adds to them.
class CostMeter {
 public:
  using Duration = std::chrono::nanoseconds;

  explicit CostMeter(std::vector<model::PrefillGroup> groups);

  void decoded(Duration time);
  /// A chunk of `count` tokens. Short ones may cost less than full ones (on the software card), so they count
  /// only until there are others.
  void prefilled(std::size_t group, std::size_t count, Duration time);
  void copied(Duration time);
  void transferred(std::size_t bytes, Duration time);

  /// What an earlier engine measured stands in for what this one has not measured yet, as far as the record
  /// has this engine's groups; where both know something, by what the card's pace has become since.
  void assume(model::CostRecord record) { assumed_ = std::move(record); }
  /// All that is known, measured or assumed; without the name of the card.
  model::CostRecord record() const;

  /// From now on these are the costs, whatever is measured.
  void fix(PrefillCosts costs) { fixed_ = std::move(costs); }

  /// In seconds once anything is measured. What is not yet measured is estimated from what is: another
  /// group's chunk by its rows, the rest by the usual ratios.
  PrefillCosts costs() const;
  bool measured() const noexcept;
  /// Whether the cost is known itself, not estimated by others; of a chunk: by full ones.
  bool knows_decode() const { return known_decode().has_value(); }
  bool knows_chunk(std::size_t group) const;
  /// How long moving `bytes` between host and card takes.
  double transfer_seconds(std::size_t bytes) const noexcept;

 private:
  /// The last few times of one kind of call.
  class Times {
   public:
    void add(double seconds) noexcept;
    void clear() noexcept { count_ = 0; }
    bool empty() const noexcept { return count_ == 0; }
    double least() const noexcept;

   private:
    std::array<double, 8> seconds_{};
    std::size_t count_ = 0;
  };
  struct Chunk {
    Times times;
    bool full = false;  // `times` are of chunks at least half full
  };

  std::optional<double> chunk_by_another(std::size_t group) const;
  const model::CostRecord::Chunk* assumed_chunk(std::size_t group) const;
  double pace() const;
  std::optional<double> known_decode() const;
  std::optional<double> known_copy() const;
  std::optional<double> known_byte() const;
  std::optional<double> known_chunk(std::size_t group) const;

  std::vector<model::PrefillGroup> groups_;
  std::vector<Chunk> chunks_;  // by group
  Times decode_;
  Times copy_;
  Times transfer_;  // of a byte
  model::CostRecord assumed_;
  std::optional<PrefillCosts> fixed_;
};

}  // namespace axllama::inference
