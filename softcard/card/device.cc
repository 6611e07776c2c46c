#include "softcard/card/device.h"

#include <algorithm>
#include <string>
#include <thread>

#include "softcard/card/error.h"

namespace axllama::softcard {

Device::Device(Services& services, std::int32_t id, std::size_t index)
    : services_(services),
      id_(id),
      memory_(kFirstAddress + index * kWindow, kWindow, services.settings()->cmm_bytes) {}

void Device::require_online() const {
  if (services_.faults.is_offline(id_)) {
    throw CardError(code::kDeviceNotConnected, "Card " + std::to_string(id_) + " is offline.");
  }
}

void Device::engine_init(std::int32_t vnpu_kind) {
  const std::scoped_lock lock(mutex_);
  if (engine_ready_) {
    throw CardError(code::kEngineFail, "The engine of card " + std::to_string(id_) +
                                           " is initialised already; a second axclrtEngineInit is an error.");
  }
  engine_ready_ = true;
  engine_kind_ = vnpu_kind;
}

void Device::engine_finalize() {
  const std::scoped_lock lock(mutex_);
  engine_ready_ = false;
}

std::int32_t Device::engine_kind() const {
  const std::scoped_lock lock(mutex_);
  if (!engine_ready_) {
    throw CardError(code::kEngineFail, "The engine of card " + std::to_string(id_) +
                                           " is not initialised; call axclrtEngineInit first.");
  }
  return engine_kind_;
}

std::uint64_t Device::generation() const {
  const std::scoped_lock lock(mutex_);
  return generation_;
}

void Device::interrupt() {
  {
    const std::scoped_lock lock(mutex_);
    ++generation_;
  }
  interrupted_.notify_all();
}

bool Device::hang(std::uint32_t ms, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto reset = [this, before = generation_] { return generation_ != before; };
  if (ms == 0) {
    interrupted_.wait(lock, stop, reset);
    return false;
  }
  return !interrupted_.wait_for(lock, stop, std::chrono::milliseconds(ms), reset) && !stop.stop_requested();
}

std::uint32_t Device::take_npu_load() {
  const std::scoped_lock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const double busy = static_cast<double>(busy_ns_.exchange(0));
  const double elapsed = std::chrono::duration<double, std::nano>(now - load_since_).count();
  load_since_ = now;
  constexpr double kFull = 10000;
  return elapsed <= 0 ? 0 : static_cast<std::uint32_t>(std::clamp(busy / elapsed * kFull, 0.0, kFull));
}

RemoteCall::RemoteCall(Device& device, Kind kind) {
  device.services().counters.add_remote();
  device.require_online();
  const auto settings = device.services().settings();
  least_ = std::chrono::duration<double, std::micro>(kind == Kind::kSynchronous ? settings->timing.call_us
                                                                                : settings->timing.submit_us);
}

RemoteCall::~RemoteCall() {
  if (least_.count() > 0) {
    wait_until(begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(least_));
  }
}

void wait_until(std::chrono::steady_clock::time_point time) {
  constexpr auto kSpin = std::chrono::microseconds(80);  // a sleep ends late by about this much
  std::this_thread::sleep_until(time - kSpin);
  while (std::chrono::steady_clock::now() < time) {
    std::this_thread::yield();
  }
}

}  // namespace axllama::softcard
