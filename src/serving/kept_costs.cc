#include "serving/kept_costs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <optional>
#include <thread>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::serving {
namespace {

namespace fs = std::filesystem;
using model::CostRecord;
using telemetry::LogLevel;

constexpr double kNoteworthy = 0.1;  // a change, as a share of the cost
constexpr std::size_t kDigestDigits = 16;

bool differs(const std::optional<double>& now, const std::optional<double>& kept) {
  return now && (!kept || std::abs(*now - *kept) > kNoteworthy * *kept);
}

std::string milliseconds(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", 1e3 * seconds);
  return text.data();
}

/// Chunks by the cached rows that they are made for: "0:3.10 128:3.25".
void log_costs(const inference::Engine& engine, std::size_t calls) {
  const CostRecord record = engine.measured_costs();
  std::string chunks;
  for (const CostRecord::Chunk& chunk : record.chunks) {
    chunks += (chunks.empty() ? "" : " ") + std::to_string(chunk.history) + ":" + milliseconds(chunk.seconds);
  }
  telemetry::log(LogLevel::kInfo, "measured what calls cost",
                 {{"model", engine.package().files().name},
                  {"calls", std::to_string(calls)},
                  {"decode_ms", milliseconds(record.decode_step.value_or(0))},
                  {"chunk_ms", chunks}});
}

}  // namespace

bool is_news(const CostRecord& now, const CostRecord& kept) noexcept {
  const auto chunk_is_news = [&kept](const CostRecord::Chunk& chunk) {
    const auto known = std::find_if(kept.chunks.begin(), kept.chunks.end(), [&](const auto& other) {
      return other.rows == chunk.rows && other.history == chunk.history && other.full == chunk.full;
    });
    return known == kept.chunks.end() || differs(chunk.seconds, known->seconds);
  };
  return differs(now.decode_step, kept.decode_step) || differs(now.copy, kept.copy) ||
         differs(now.byte, kept.byte) || std::any_of(now.chunks.begin(), now.chunks.end(), chunk_is_news);
}

fs::path cost_record_file(const fs::path& records, const ModelReference& model, const axcl::Card& card) {
  return records / (model.package->files().name + "-" + model.digest.substr(0, kDigestDigits) + "-" +
                    std::to_string(card.device_id()) + ".json");
}

std::string describe_card(axcl::Card& card) {
  const axcl::Runtime& runtime = card.runtime();
  std::string text = runtime.soc_name() + " by " + runtime.version();
  if (runtime.is_software_card()) {
    text += " on " + std::to_string(std::thread::hardware_concurrency()) + " processors";
  }
  return text;
}

void KeptCosts::begin(inference::Engine& engine) noexcept {
  try {
    std::optional<CostRecord> record = model::read_costs(file_);
    if (!record) {
      return;
    }
    if (record->card != card_) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        file_.string() + " is of " + record->card + ", and this card is " + card_ + ".");
    }
    kept_ = *record;
    engine.assume_costs(std::move(*record));
  } catch (const std::exception& error) {
    telemetry::log(LogLevel::kWarning, "kept costs are not used and are measured anew",
                   {{"why", error.what()}});
  }
}

void KeptCosts::measure(inference::Engine& engine, const std::function<bool()>& go_on) noexcept {
  try {
    if (const std::size_t calls = engine.measure_unknown_costs(go_on); calls > 0) {
      log_costs(engine, calls);
    }
  } catch (const std::exception& error) {
    telemetry::log(LogLevel::kWarning, "what calls cost cannot be measured and is estimated",
                   {{"model", engine.package().files().name}, {"why", error.what()}});
  }
  keep(engine);
}

void KeptCosts::keep(const inference::Engine& engine) noexcept {
  try {
    CostRecord record = engine.measured_costs();
    if (!is_news(record, kept_)) {
      return;
    }
    record.card = card_;
    kept_ = record;  // even when it cannot be written: not tried again for the same
    model::write_costs(file_, record);
  } catch (const std::exception& error) {
    if (!std::exchange(unwritable_, true)) {
      telemetry::log(LogLevel::kWarning, "what calls cost is not kept", {{"why", error.what()}});
    }
  }
}

void KeptCosts::keep_at_times(const inference::Engine& engine) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ >= kBetweenWrites) {
    looked_at_ = now;
    keep(engine);
  }
}

}  // namespace axllama::serving
