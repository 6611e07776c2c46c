#include "inference/kv_read_ahead.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace axllama::inference {

using Lock = std::unique_lock<std::mutex>;

void KvReadPace::has_read(std::size_t bytes, double seconds) noexcept {
  bytes_ += static_cast<double>(bytes);
  seconds_ += seconds;
  if (bytes_ > kRememberedBytes) {
    seconds_ *= kRememberedBytes / bytes_;
    bytes_ = kRememberedBytes;
  }
}

double KvReadPace::estimate(std::size_t bytes) noexcept {
  const double seconds = static_cast<double>(bytes) * seconds_ / bytes_;
  seconds_ *= 0.9;
  return seconds;
}

KvReadAhead::KvReadAhead(std::size_t most_bytes) : most_bytes_(most_bytes), thread_([this] { work(); }) {}

KvReadAhead::~KvReadAhead() {
  {
    const Lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::unique_ptr<KvReadAhead::Reading> KvReadAhead::begin(std::shared_ptr<const KvPieces> pieces,
                                                         std::function<void()> wake) {
  auto run = std::make_shared<Run>();
  run->pieces = std::move(pieces);
  run->wake = std::move(wake);
  {
    const Lock lock(mutex_);
    runs_.push_back(run);
  }
  changed_.notify_all();
  return std::make_unique<Reading>(*this, std::move(run));
}

std::size_t KvReadAhead::used() const {
  const Lock lock(mutex_);
  return used_;
}

double KvReadAhead::estimate(std::size_t bytes) {
  const Lock lock(mutex_);
  return pace_.estimate(bytes);
}

void KvReadAhead::work() {
  Lock lock(mutex_);
  while (true) {
    std::shared_ptr<Run> run;
    changed_.wait(lock, [&] { return ending_ || (run = next_run()) != nullptr; });
    if (ending_) {
      return;
    }
    read_next(*run, lock);
  }
}

/// The next one that has something to read and room for it; it is the last then.
std::shared_ptr<KvReadAhead::Run> KvReadAhead::next_run() {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [this](const std::shared_ptr<Run>& run) {
    return !run->unusable && run->next < run->pieces->count() &&
           (run->held.empty() || used_ + run->pieces->bytes(run->next) <= most_bytes_);
  });
  if (found == runs_.end()) {
    return nullptr;
  }
  runs_.splice(runs_.end(), runs_, found);
  return *found;
}

/// Without the lock while the disk is at work.
void KvReadAhead::read_next(Run& run, Lock& lock) {
  const std::size_t piece = run.next;
  const std::size_t size = run.pieces->bytes(piece);
  used_ += size;
  lock.unlock();
  std::vector<std::byte> bytes;
  bool usable = true;
  std::chrono::duration<double> time{0};
  if (!run.pieces->in_memory(piece)) {
    bytes.resize(size);
    const auto start = std::chrono::steady_clock::now();
    usable = run.pieces->read(piece, bytes);
    time = std::chrono::steady_clock::now() - start;
  }
  lock.lock();
  if (!bytes.empty() && usable) {
    pace_.has_read(size, time.count());
  }
  const bool wanted = !run.ended && run.next == piece;  // nobody went back meanwhile
  if (wanted && usable) {
    ++run.next;
  }
  if (wanted && usable && !bytes.empty()) {
    run.held.emplace(piece, std::move(bytes));
  } else {
    used_ -= size;
  }
  run.unusable = run.unusable || !usable;
  if (!run.ended && std::exchange(run.awaited, false) && run.wake) {
    run.wake();
  }
}

/// Pieces [first, last).
void KvReadAhead::drop(Run& run, std::size_t first, std::size_t last) {
  const auto end = run.held.lower_bound(last);
  for (auto entry = run.held.lower_bound(first); entry != end; entry = run.held.erase(entry)) {
    used_ -= entry->second.size();
  }
  changed_.notify_all();
}

KvReadAhead::Reading::~Reading() {
  const Lock lock(ahead_.mutex_);
  run_->ended = true;
  ahead_.drop(*run_, 0, std::numeric_limits<std::size_t>::max());
  ahead_.runs_.remove(run_);
}

KvReadAhead::Reading::State KvReadAhead::Reading::state(std::size_t piece) {
  const Lock lock(ahead_.mutex_);
  if (run_->unusable) {
    return State::kUnusable;
  }
  if (run_->held.contains(piece)) {
    return State::kRead;
  }
  if (piece < run_->next) {
    return State::kPassed;
  }
  run_->awaited = true;
  return State::kNotYet;
}

std::span<const std::byte> KvReadAhead::Reading::bytes(std::size_t piece) const {
  const Lock lock(ahead_.mutex_);
  const auto found = run_->held.find(piece);
  return found == run_->held.end() ? std::span<const std::byte>() : found->second;
}

void KvReadAhead::Reading::drop_before(std::size_t piece) {
  const Lock lock(ahead_.mutex_);
  ahead_.drop(*run_, 0, piece);
}

void KvReadAhead::Reading::go_back(std::size_t piece) {
  const Lock lock(ahead_.mutex_);
  ahead_.drop(*run_, piece, std::numeric_limits<std::size_t>::max());
  run_->next = piece;
  run_->awaited = true;
}

}  // namespace axllama::inference
