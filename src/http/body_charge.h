#pragma once

#include <atomic>
#include <cstdint>

namespace axllama::http {

/// Bytes of one request's body held in memory, counted against the limit of all requests together.
class BodyCharge {
 public:
  explicit BodyCharge(std::atomic<std::uint64_t>& total) : total_(total) {}
  ~BodyCharge() { total_ -= charged_; }
  BodyCharge(const BodyCharge&) = delete;
  BodyCharge& operator=(const BodyCharge&) = delete;

  /// Raises the charge to `bytes`; false when the total would pass `limit`.
  bool raise(std::uint64_t bytes, std::uint64_t limit) {
    const std::uint64_t more = bytes - charged_;
    if (total_.fetch_add(more) + more > limit) {
      total_ -= more;
      return false;
    }
    charged_ = bytes;
    return true;
  }

 private:
  std::atomic<std::uint64_t>& total_;
  std::uint64_t charged_ = 0;
};

}  // namespace axllama::http
