#include "softcard/card/script_player.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "base/bfloat16.h"
#include "softcard/card/error.h"

namespace axllama::softcard {

namespace {

using base::Bf16;

// A stamp is eight finite bf16 values at the start of a row: three marks, three bytes of position, two of
// cache.
constexpr std::size_t kStampLength = 8;
constexpr std::array<Bf16, 3> kMarks = {0x3F5A, 0x3FA5, 0x3F69};
constexpr Bf16 kByteBase = 0x3F00;
constexpr std::uint32_t kMaxPosition = 0xFFFFFF;

struct Stamp {
  std::uint32_t position = 0;
  std::uint16_t cache = 0;
};

using StampRow = std::array<Bf16, kStampLength>;

StampRow encode(const Stamp& stamp) {
  const auto byte = [](std::uint32_t value, unsigned shift) {
    return static_cast<Bf16>(kByteBase | ((value >> shift) & 0xFFU));
  };
  return {kMarks[0],
          kMarks[1],
          kMarks[2],
          byte(stamp.position, 0),
          byte(stamp.position, 8),
          byte(stamp.position, 16),
          byte(stamp.cache, 0),
          byte(stamp.cache, 8)};
}

std::optional<Stamp> decode(const std::byte* row) {
  StampRow values{};
  std::memcpy(values.data(), row, sizeof(values));
  if (!std::equal(kMarks.begin(), kMarks.end(), values.begin()) ||
      !std::all_of(values.begin() + kMarks.size(), values.end(),
                   [](Bf16 value) { return (value & 0xFF00U) == kByteBase; })) {
    return std::nullopt;
  }
  const auto byte = [&](std::size_t index, unsigned shift) {
    return (static_cast<std::uint32_t>(values[index]) & 0xFFU) << shift;
  };
  return Stamp{byte(3, 0) | byte(4, 8) | byte(5, 16), static_cast<std::uint16_t>(byte(6, 0) | byte(7, 8))};
}

/// Pointer and row length in bytes of a tensor of this execution.
struct Rows {
  std::size_t index = 0;
  std::size_t row_bytes = 0;
};

Rows rows_of(const std::vector<Operand>& operands, std::string_view name, std::size_t rows,
             const std::string& model) {
  for (std::size_t index = 0; index < operands.size(); ++index) {
    if (operands[index].tensor->name == name) {
      return {index, operands[index].needed / rows};
    }
  }
  throw CardError(code::kEngineExecute,
                  "A script cannot be played on " + model + ": it has no tensor " + std::string(name) + ".");
}

/// Whether this group sees tokens before its own: its mask has more columns than rows.
bool has_history(const Execution& execution, std::size_t rows) {
  const Operand* mask = execution.input("mask");
  return mask == nullptr || mask->needed > rows * rows * sizeof(Bf16);
}

void wait(std::uint32_t ms, const std::stop_token& stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < end && !stop.stop_requested()) {
    std::this_thread::sleep_for(std::min(std::chrono::steady_clock::duration(std::chrono::milliseconds(5)),
                                         end - std::chrono::steady_clock::now()));
  }
}

}  // namespace

void ScriptPlayer::set_script(const Script& script) {
  const std::scoped_lock lock(mutex_);
  if (script == script_) {
    return;
  }
  script_ = script;
  caches_.clear();
  unplaced_.clear();
  begun_ = 0;
}

void ScriptPlayer::play(const Execution& execution, std::span<const std::byte* const> inputs,
                        std::span<std::byte* const> outputs, const std::stop_token& stop) {
  for (std::size_t index = 0; index < outputs.size(); ++index) {
    std::memset(outputs[index], 0, execution.outputs[index].needed);
  }
  if (execution.kind() == GroupKind::kPlain) {
    play_head(execution, inputs, outputs, stop);
  } else {
    play_layer(execution, inputs, outputs);
  }
}

std::uint16_t ScriptPlayer::cache_number(std::uint64_t address) {
  const auto found = std::find_if(caches_.begin(), caches_.end(),
                                  [&](const Cache& cache) { return cache.address == address; });
  if (found != caches_.end()) {
    return static_cast<std::uint16_t>(found - caches_.begin());
  }
  if (caches_.size() > UINT16_MAX) {
    caches_.clear();
    unplaced_.clear();
  }
  caches_.push_back({.address = address, .request = {}, .stands_for = caches_.size()});
  return static_cast<std::uint16_t>(caches_.size() - 1);
}

void ScriptPlayer::note_evaluated(std::size_t cache, std::uint32_t position) {
  caches_[cache].lowest = std::min(caches_[cache].lowest, position);
}

void ScriptPlayer::copied(std::uint64_t from, std::uint64_t to) {
  const std::scoped_lock lock(mutex_);
  const auto found = unplaced_.find(from);
  if (found == unplaced_.end()) {
    return;
  }
  const std::uint16_t dummy = found->second;
  unplaced_.erase(found);
  const std::uint16_t cache = cache_number(to);
  if (caches_.size() <= dummy) {
    return;  // all have just been forgotten
  }
  caches_[dummy].stands_for = cache;
  note_evaluated(cache, caches_[dummy].lowest);
  if (caches_[dummy].request) {  // the head was asked first
    caches_[cache].request = caches_[dummy].request;
    caches_[cache].lowest = UINT32_MAX;
  }
}

void ScriptPlayer::play_layer(const Execution& execution, std::span<const std::byte* const> inputs,
                              std::span<std::byte* const> outputs) {
  const std::string& model = execution.shape().name;
  const std::size_t rows = execution.shape().rows[execution.group];
  const Rows input = rows_of(execution.inputs, "input", rows, model);
  const Rows indices = rows_of(execution.inputs, "indices", rows, model);
  const Rows output = rows_of(execution.outputs, "output", rows, model);
  if (input.row_bytes < sizeof(StampRow) || output.row_bytes != input.row_bytes) {
    throw CardError(code::kEngineExecute,
                    "A script cannot be played on " + model + ": its hidden state is too short.");
  }
  const Operand* cache = execution.input("K_cache");
  const std::scoped_lock lock(mutex_);
  const std::uint16_t number = cache_number(cache == nullptr ? 0 : cache->binding.address);
  const Operand* keys = execution.output("K_cache_out");
  const bool first_layer = !decode(inputs[input.index]);
  if (first_layer && keys != nullptr && !has_history(execution, rows)) {
    unplaced_[keys->binding.address] = number;
    caches_[number] = {.address = caches_[number].address, .request = {}, .stands_for = number};
  }
  for (std::size_t row = 0; row < rows; ++row) {
    std::uint32_t position = 0;
    std::memcpy(&position, inputs[indices.index] + row * sizeof(position), sizeof(position));
    Stamp stamp{std::min(position, kMaxPosition), number};
    if (const auto earlier = decode(inputs[input.index] + row * input.row_bytes)) {
      stamp = *earlier;     // a layer further down the stack passes the first one's stamp on
    } else if (row == 0) {  // rows behind the real ones may carry any position
      note_evaluated(number, position);
    }
    const StampRow values = encode(stamp);
    std::memcpy(outputs[output.index] + row * output.row_bytes, values.data(), sizeof(values));
    for (std::size_t other = 0; other < outputs.size(); ++other) {
      const std::size_t bytes = execution.outputs[other].needed / rows;
      if (other !=
          output.index) {  // K and V rows: of the position alone, so that chunk and decode rows are equal
        std::memcpy(outputs[other] + row * bytes, encode({stamp.position, 0}).data(),
                    std::min(bytes, sizeof(values)));
      }
    }
  }
}

std::optional<ScriptStep> ScriptPlayer::step_of(const Request& request) const {
  std::size_t number = request.number;
  if (script_.requests.empty()) {
    return ScriptStep{};
  }
  if (number >= script_.requests.size()) {
    switch (script_.end) {
      case ScriptEnd::kCycle:
        number %= script_.requests.size();
        break;
      case ScriptEnd::kRepeatLast:
        number = script_.requests.size() - 1;
        break;
      case ScriptEnd::kError:
        return std::nullopt;
    }
  }
  const auto& steps = script_.requests[number];
  return steps[std::min<std::size_t>(request.last - request.start, steps.size() - 1)];
}

std::optional<ScriptStep> ScriptPlayer::next_step(std::uint16_t cache_number, std::uint32_t position) {
  const std::scoped_lock lock(mutex_);
  if (cache_number >= caches_.size()) {
    return std::nullopt;
  }
  Cache& cache = caches_[caches_[cache_number].stands_for];
  const bool goes_on = cache.request && position > cache.request->start &&
                       position <= cache.request->last + 1 && cache.lowest > cache.request->start;
  if (!goes_on) {
    cache.request = Request{.number = begun_++, .start = position, .last = position};
  }
  cache.request->last = position;
  cache.lowest = UINT32_MAX;
  const auto fixed = script_.positions.find(position);
  return fixed != script_.positions.end() ? std::optional(fixed->second) : step_of(*cache.request);
}

void ScriptPlayer::play_head(const Execution& execution, std::span<const std::byte* const> inputs,
                             std::span<std::byte* const> outputs, const std::stop_token& stop) {
  const std::string& model = execution.shape().name;
  const Rows input = rows_of(execution.inputs, "input", 1, model);
  const Rows output = rows_of(execution.outputs, "output", 1, model);
  if (input.row_bytes < sizeof(StampRow)) {
    throw CardError(code::kEngineExecute,
                    "A script cannot be played on " + model + ": its hidden state is too short.");
  }
  const auto stamp = decode(inputs[input.index]);
  if (!stamp) {
    return;  // a trial run, not the end of a stack of layers: all logits are 0
  }
  const auto step = next_step(stamp->cache, stamp->position);
  if (!step) {
    throw CardError(code::kEngineExecute, "The script is over, and says that this is an error.");
  }
  wait(step->delay_ms, stop);
  if (step->error != 0) {
    throw CardError(step->error, "The script says that this execution fails.");
  }
  float forced = 0;
  float other = 0;
  {
    const std::scoped_lock lock(mutex_);
    forced = script_.forced_logit;
    other = script_.other_logit;
  }
  std::vector<Bf16> logits(output.row_bytes / sizeof(Bf16), base::f32_to_bf16(other));
  const auto set = [&](std::uint32_t token, float logit) {
    if (token >= logits.size()) {
      throw CardError(code::kEngineExecute, "The script wants token " + std::to_string(token) + ", but " +
                                                model + " has " + std::to_string(logits.size()) + " tokens.");
    }
    logits[token] = base::f32_to_bf16(logit);
  };
  if (step->logits.empty()) {
    set(step->token, forced);
  }
  for (const auto& [token, logit] : step->logits) {
    set(token, logit);
  }
  std::memcpy(outputs[output.index], logits.data(), logits.size() * sizeof(Bf16));
}

}  // namespace axllama::softcard
