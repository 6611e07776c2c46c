#include "cli/read_bandwidth.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include <sys/mman.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

constexpr std::size_t kBytesPerThread = std::size_t{256} << 20U;
constexpr int kPasses = 8;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

// 64 bytes at a time; the compiler turns it into whatever vector loads the target has.
using Lane __attribute__((vector_size(64))) = std::uint64_t;

/// Anonymous memory aligned to huge pages and written once, so that every page exists.
class Buffer {
 public:
  explicit Buffer(std::size_t size) : mapped_(size + kHugePage) {
    base_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) {
      throw base::Error(
          base::ErrorCode::kResourceExhausted,
          "not enough memory to measure the read bandwidth (" + std::to_string(mapped_) + " bytes)");
    }
    const auto address = reinterpret_cast<std::uintptr_t>(base_);
    const std::uintptr_t aligned = (address + kHugePage - 1) / kHugePage * kHugePage;
    data_ = reinterpret_cast<std::byte*>(aligned);
    ::madvise(data_, size, MADV_HUGEPAGE);
    std::memset(data_, 1, size);
  }
  ~Buffer() { ::munmap(base_, mapped_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  const std::byte* data() const { return data_; }

 private:
  std::size_t mapped_;
  void* base_ = nullptr;
  std::byte* data_ = nullptr;
};

std::uint64_t read_all(std::span<const Lane> lanes) {
  constexpr std::size_t kStreams = 8;  // independent sums, so that loads and not additions set the pace
  std::array<Lane, kStreams> sums{};
  for (std::size_t i = 0; i + kStreams <= lanes.size(); i += kStreams) {
    for (std::size_t j = 0; j < kStreams; ++j) sums[j] ^= lanes[i + j];
  }
  for (std::size_t j = 1; j < kStreams; ++j) sums[0] ^= sums[j];
  return sums[0][0] ^ sums[0][7];
}

}  // namespace

ReadBandwidth measure_read_bandwidth(std::size_t threads) {
  using Clock = std::chrono::steady_clock;
  const Buffer buffer(threads * kBytesPerThread);
  const std::span<const Lane> all(reinterpret_cast<const Lane*>(buffer.data()),
                                  threads * kBytesPerThread / sizeof(Lane));
  const std::size_t share = all.size() / threads;

  std::vector<Clock::time_point> marks;
  marks.reserve(kPasses + 1);
  std::barrier gate(static_cast<std::ptrdiff_t>(threads),
                    [&marks]() noexcept { marks.push_back(Clock::now()); });
  std::vector<std::uint64_t> sums(threads);
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        gate.arrive_and_wait();
        for (int pass = 0; pass < kPasses; ++pass) {
          sums[t] ^= read_all(all.subspan(t * share, share));
          gate.arrive_and_wait();
        }
      });
    }
  }
  volatile std::uint64_t keep = 0;  // the reads must not be optimised away
  for (const std::uint64_t sum : sums) keep = keep ^ sum;

  const auto bytes = static_cast<double>(threads * kBytesPerThread);
  ReadBandwidth result{threads, 0, 0};
  for (std::size_t pass = 1; pass < marks.size(); ++pass) {
    const double seconds = std::chrono::duration<double>(marks[pass] - marks[pass - 1]).count();
    result.best_gb_per_s = std::max(result.best_gb_per_s, bytes / seconds / 1e9);
  }
  const double whole = std::chrono::duration<double>(marks.back() - marks.front()).count();
  result.average_gb_per_s = bytes * kPasses / whole / 1e9;
  return result;
}

}  // namespace axllama::cli
