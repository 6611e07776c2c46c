#include "api/streams/resumable_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/this_coro.hpp>

#include "api/wakeup.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::streams {

ResumableStream::ResumableStream(std::string id, Form form, const Limits& limits,
                                 std::atomic<std::size_t>& total, std::function<void()> on_change)
    : id_(std::move(id)),
      form_(std::move(form)),
      limits_(limits),
      total_(total),
      on_change_(std::move(on_change)),
      ring_(total) {}

ResumableStream::State ResumableStream::state() const {
  const std::lock_guard lock(mutex_);
  return {places_.size(), announced_, ended_};
}

bool ResumableStream::try_push(std::string_view record) {
  std::string text = numbered(record, ring_.next(), form_.content_type);
  const std::size_t size = RecordRing::cost(text);
  const auto is_full = [&] {
    if (ring_.count() == 0) {
      return false;
    }
    const std::size_t bytes = ring_.bytes() + size;
    return ring_.count() >= limits_.stream_records || bytes > limits_.stream_bytes ||
           (total_ + size > limits_.total_bytes && bytes > limits_.least_bytes);
  };
  std::uint64_t needed = ring_.next();
  for (const Place& place : places_) {
    needed = std::min(needed, place.next);
  }
  while (is_full() && ring_.first() < needed) {
    ring_.drop_oldest();
  }
  if (is_full()) {
    return false;
  }
  ring_.push(std::move(text));
  wake_readers();
  return true;
}

bool ResumableStream::push(std::string_view record, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (try_push(record)) {
    return true;
  }
  wake_maker_ = std::move(wake);
  return false;
}

http::Awaitable<void> ResumableStream::append(std::string_view records) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const std::vector<std::string_view> parts = split_records(records, form_.content_type);
  for (const std::string_view record : parts) {
    bool pushed = push(record, nullptr);
    while (!pushed) {
      Wakeup room(executor);
      pushed = push(record, room.trigger());
      if (!pushed) {
        co_await room.wait();
      }
    }
  }
}

void ResumableStream::set_end(const std::optional<base::Error>& error, const std::string& records) {
  const std::lock_guard lock(mutex_);
  if (ended_) {
    return;
  }
  ended_ = true;
  error_ = error;
  error_records_ = records;
  wake_readers();
  on_change_();
}

void ResumableStream::end() {
  set_end(std::nullopt, {});
}

void ResumableStream::fail(const base::Error& error, std::string records) {
  set_end(error, records);
}

void ResumableStream::announce() {
  const std::lock_guard lock(mutex_);
  announced_ = true;
}

void ResumableStream::wake_readers() {
  for (Place& place : places_) {
    if (auto wake = std::exchange(place.wake, nullptr)) {
      wake();
    }
  }
}

Reader::Reader(std::shared_ptr<ResumableStream> stream, std::uint64_t from) : stream_(std::move(stream)) {
  const std::lock_guard lock(stream_->mutex_);
  const RecordRing& ring = stream_->ring_;
  if (from < ring.first()) {
    throw RecordsGone(base::ErrorCode::kNotFound, "record " + std::to_string(from) +
                                                      " of this stream is no longer kept; the oldest is " +
                                                      std::to_string(ring.first()));
  }
  if (from > ring.next()) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "this stream has " + std::to_string(ring.next()) +
                                                             " records so far; it cannot be read from " +
                                                             std::to_string(from));
  }
  place_ = stream_->places_.insert(stream_->places_.end(), {from, nullptr});
  stream_->on_change_();
}

Reader::~Reader() {
  const std::lock_guard lock(stream_->mutex_);
  stream_->places_.erase(place_);
  if (auto wake = std::exchange(stream_->wake_maker_, nullptr)) {
    wake();
  }
  stream_->on_change_();
}

Reader::Batch Reader::take(std::function<void()> wake) {
  const std::lock_guard lock(stream_->mutex_);
  Batch batch;
  batch.records = stream_->ring_.read(place_->next, stream_->limits_.batch_bytes);
  if (stream_->ended_ && place_->next == stream_->ring_.next()) {
    batch.last = true;
    batch.error = stream_->error_;
    batch.error_records = stream_->error_records_;
  }
  if (batch.records.empty() && !batch.last) {
    place_->wake = std::move(wake);
  } else if (auto maker = std::exchange(stream_->wake_maker_, nullptr)) {
    maker();
  }
  return batch;
}

}  // namespace axllama::api::streams
