#include "softcard/card/counters.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace axllama::softcard {

CallCounter& Counters::call(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(calls_.begin(), calls_.end(),
                                  [&](const CallCounter& call) { return call.name() == name; });
  return found != calls_.end() ? *found : calls_.emplace_back(name);
}

void Counters::add_bytes(Transfer transfer, std::uint64_t bytes) noexcept {
  bytes_.at(static_cast<std::size_t>(transfer)).fetch_add(bytes, std::memory_order_relaxed);
}

void Counters::add_execution(const std::string& model, std::uint32_t group) {
  const std::scoped_lock lock(mutex_);
  ++executions_[model][group];
}

void Counters::add_load(std::uint64_t bytes) noexcept {
  loads_.fetch_add(1, std::memory_order_relaxed);
  load_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

std::uint64_t Counters::bytes(Transfer transfer) const noexcept {
  return bytes_.at(static_cast<std::size_t>(transfer)).load(std::memory_order_relaxed);
}

nlohmann::json Counters::to_json() const {
  const std::scoped_lock lock(mutex_);
  nlohmann::json calls = nlohmann::json::object();
  std::uint64_t total = 0;
  for (const CallCounter& call : calls_) {
    if (call.count() != 0) {
      calls[std::string(call.name())] = call.count();
      total += call.count();
    }
  }
  nlohmann::json models = nlohmann::json::object();
  std::map<std::uint32_t, std::uint64_t> by_group;
  std::uint64_t executions = 0;
  for (const auto& [model, groups] : executions_) {
    for (const auto& [group, count] : groups) {
      models[model][std::to_string(group)] = count;
      by_group[group] += count;
      executions += count;
    }
  }
  nlohmann::json groups = nlohmann::json::object();
  for (const auto& [group, count] : by_group) {
    groups[std::to_string(group)] = count;
  }
  return {
      {"calls", calls},
      {"total_calls", total},
      {"remote_calls", remote_calls()},
      {"bytes",
       {{"host_to_device", bytes(Transfer::kHostToDevice)},
        {"device_to_host", bytes(Transfer::kDeviceToHost)},
        {"device_to_device", bytes(Transfer::kDeviceToDevice)},
        {"memset", bytes(Transfer::kMemset)}}},
      {"executions", {{"total", executions}, {"by_group", groups}, {"by_model", models}}},
      {"loads", {{"count", loads_.load()}, {"bytes", load_bytes_.load()}}},
  };
}

void Counters::reset() {
  const std::scoped_lock lock(mutex_);
  for (CallCounter& call : calls_) {
    call.reset();
  }
  executions_.clear();
  remote_ = 0;
  for (auto& bytes : bytes_) {
    bytes = 0;
  }
  loads_ = 0;
  load_bytes_ = 0;
}

}  // namespace axllama::softcard
