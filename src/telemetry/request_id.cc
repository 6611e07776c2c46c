#include "telemetry/request_id.h"

#include <atomic>
#include <cstdint>
#include <random>

namespace axllama::telemetry {

std::string new_request_id() {
  static std::atomic<std::uint64_t> counter = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
  }();
  // SplitMix64's finaliser is a bijection: neighbouring counts give ids without likeness and without
  // repetition.
  std::uint64_t value = counter.fetch_add(0x9e3779b97f4a7c15U, std::memory_order_relaxed);
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  value ^= value >> 31U;
  std::string id(16, '0');
  for (char& c : id) {
    c = "0123456789abcdef"[value & 15U];
    value >>= 4U;
  }
  return id;
}

}  // namespace axllama::telemetry
