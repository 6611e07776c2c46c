#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace axllama::inference {

/// Of pieces that have been read and not been taken, of all sequences together. A sequence that has none may
/// have one beyond it, so that none waits for another.
inline constexpr std::size_t kKvReadAheadBytes = std::size_t{64} << 20U;

/// What one sequence needs from a disk: pieces, numbered in the order in which they are wanted. Called by
/// several threads; throws nothing.
class KvPieces {
 public:
  virtual ~KvPieces() = default;
  virtual std::size_t count() const = 0;
  virtual std::size_t bytes(std::size_t piece) const = 0;
  /// It is in host memory: there is nothing to read.
  virtual bool in_memory(std::size_t piece) const = 0;
  /// Reads and checks a piece, as slowly as the disk does. False: it is unusable, and so are all others.
  virtual bool read(std::size_t piece, std::span<std::byte> to) const = 0;
};

/// How long reading takes, by what was read lately. Before that a middling SD card is assumed. Not
/// thread-safe.
class KvReadPace {
 public:
  void has_read(std::size_t bytes, double seconds) noexcept;
  /// Each answer makes the next one a tenth shorter, until something is read: a disk that was found too slow
  /// to be used, or never was used, is tried again.
  double estimate(std::size_t bytes) noexcept;

 private:
  static constexpr double kAssumedBytesPerSecond = 80e6;
  static constexpr double kAssumptionWeighs = 4e6;  // as so many bytes that were read
  static constexpr double kRememberedBytes = 64e6;

  double bytes_ = kAssumptionWeighs;
  double seconds_ = kAssumptionWeighs / kAssumedBytesPerSecond;
};

/// Reads pieces before they are wanted, on a thread of its own; sequences take turns. Thread-safe.
class KvReadAhead {
 public:
  explicit KvReadAhead(std::size_t most_bytes = kKvReadAheadBytes);
  /// Waits for the piece that is being read. No Reading may be left.
  ~KvReadAhead();
  KvReadAhead(const KvReadAhead&) = delete;
  KvReadAhead& operator=(const KvReadAhead&) = delete;

 private:
  struct Run;

 public:
  /// The pieces of one sequence. Owner thread only; no call waits for the disk.
  class Reading {
   public:
    enum class State {
      kNotYet,    // from now on the next piece to come wakes the owner
      kRead,      // bytes() has it
      kPassed,    // it was in memory when its turn came
      kUnusable,  // some piece is
    };

    Reading(KvReadAhead& ahead, std::shared_ptr<Run> run) : ahead_(ahead), run_(std::move(run)) {}
    /// Frees what has been read; a piece that is being read is freed when that is over. The owner is not
    /// woken any more.
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    State state(std::size_t piece);
    /// Empty when it has not been read; else valid until it is dropped.
    std::span<const std::byte> bytes(std::size_t piece) const;
    /// Pieces before this one are not wanted any more.
    void drop_before(std::size_t piece);
    /// A piece that was passed has left memory: it is read next, and all that follow it again.
    void go_back(std::size_t piece);

   private:
    KvReadAhead& ahead_;
    std::shared_ptr<Run> run_;
  };

  /// Begins to read. `wake` (may be empty) is called on the reading thread with a lock held: it must be short
  /// and call nothing of this.
  std::unique_ptr<Reading> begin(std::shared_ptr<const KvPieces> pieces, std::function<void()> wake);

  /// Bytes of all pieces that are being read, or have been and are not dropped.
  std::size_t used() const;
  /// Seconds that reading so many bytes is going to take; see KvReadPace.
  double estimate(std::size_t bytes);

 private:
  struct Run {
    std::shared_ptr<const KvPieces> pieces;
    std::function<void()> wake;
    std::size_t next = 0;  // to be read
    std::map<std::size_t, std::vector<std::byte>> held;
    bool awaited = false;  // the owner wants to be woken
    bool unusable = false;
    bool ended = false;
  };

  void work();
  std::shared_ptr<Run> next_run();
  void read_next(Run& run, std::unique_lock<std::mutex>& lock);
  void drop(Run& run, std::size_t first, std::size_t last);

  const std::size_t most_bytes_;
  mutable std::mutex mutex_;  // guards all below, and the runs but for their pieces
  std::condition_variable changed_;
  std::list<std::shared_ptr<Run>> runs_;  // the front is next
  std::size_t used_ = 0;
  KvReadPace pace_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace axllama::inference
