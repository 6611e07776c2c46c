#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "axcl/card.h"
#include "inference/engine.h"
#include "model/cost_record.h"
#include "serving/service.h"

namespace axllama::serving {

/// The file in which a loaded package's costs on one card are kept, from load to load. A file that cannot be
/// used or written costs one log line and nothing else: no method throws. Lane thread only.
class KeptCosts {
 public:
  /// Between two writes while the model is loaded.
  static constexpr std::chrono::minutes kBetweenWrites{1};

  /// `card`: what the costs hold for (see describe_card).
  KeptCosts(std::filesystem::path file, std::string card) : file_(std::move(file)), card_(std::move(card)) {}

  /// Lets an engine that has just been loaded start with what is in the file, if it is of this card.
  void begin(inference::Engine& engine) noexcept;
  /// Measures what is not known yet (see inference::Engine::measure_unknown_costs) and writes it at once.
  void measure(inference::Engine& engine, const std::function<bool()>& go_on) noexcept;
  /// Writes what the engine has measured, if that is news.
  void keep(const inference::Engine& engine) noexcept;
  /// The same, but seldom: for every pause.
  void keep_at_times(const inference::Engine& engine) noexcept;

 private:
  std::filesystem::path file_;
  std::string card_;
  model::CostRecord kept_;  // what the file holds
  std::chrono::steady_clock::time_point looked_at_{};
  bool unwritable_ = false;  // said once
};

/// Whether `now` tells something that `kept` does not: another call's cost, or one that has changed by more
/// than a tenth.
bool is_news(const model::CostRecord& now, const model::CostRecord& kept) noexcept;

/// By package and card: RECORDS/NAME-DIGEST-DEVICE.json.
std::filesystem::path cost_record_file(const std::filesystem::path& records, const ModelReference& model,
                                       const axcl::Card& card);

/// Runtime, chip and, where the host computes, its processors: costs of one are not costs of another.
std::string describe_card(axcl::Card& card);

}  // namespace axllama::serving
