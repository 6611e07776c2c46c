#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/streams/limits.h"
#include "api/streams/record_ring.h"
#include "base/error.h"
#include "http/response_writer.h"

namespace axllama::api::streams {

/// The records that a reader asked for are no longer there.
class RecordsGone : public base::Error {
 public:
  using base::Error::Error;
};

/// A streamed answer between the one that makes it and those that read it: the newest records, and how it
/// ended. Thread-safe; the maker is one coroutine, each reader another, on any executors.
class ResumableStream {
 public:
  struct Form {
    std::string content_type;
    std::string ping;  // for readers that wait; no record, and often empty
    std::chrono::milliseconds ping_interval{0};
  };
  /// How many read it, and what its end is to them.
  struct State {
    std::size_t readers = 0;
    bool announced = false;  // a client knows its id
    bool ended = false;
  };

  /// `total`: what all streams hold; must outlive it. `on_change`: called after each change of the state,
  /// with a lock held: it must only post.
  ResumableStream(std::string id, Form form, const Limits& limits, std::atomic<std::size_t>& total,
                  std::function<void()> on_change);

  const std::string& id() const noexcept { return id_; }
  const Form& form() const noexcept { return form_; }
  State state() const;

  // For the maker.

  /// Adds records; waits while there is no room because a reader that is there is behind.
  http::Awaitable<void> append(std::string_view records);
  /// The answer is complete.
  void end();
  /// The answer ends with `error`: `records` say so to clients that have the beginning.
  void fail(const base::Error& error, std::string records);

  // For readers: see Reader.

  /// A client gets to know the id.
  void announce();

 private:
  friend class Reader;

  struct Place {
    std::uint64_t next = 0;      // the number of the record that its reader takes next
    std::function<void()> wake;  // called once when there is something for it
  };

  /// Without room, `wake` (which may be unset) is called once when there may be some.
  bool push(std::string_view record, std::function<void()> wake);
  bool try_push(std::string_view record);
  void set_end(const std::optional<base::Error>& error, const std::string& records);
  void wake_readers();

  const std::string id_;
  const Form form_;
  const Limits limits_;
  std::atomic<std::size_t>& total_;
  const std::function<void()> on_change_;

  mutable std::mutex mutex_;
  RecordRing ring_;
  std::list<Place> places_;
  std::function<void()> wake_maker_;
  bool announced_ = false;
  bool ended_ = false;
  std::optional<base::Error> error_;
  std::string error_records_;
};

/// One client's way through a stream. Belongs to its handler's coroutine.
class Reader {
 public:
  /// From record number `from` on. Throws RecordsGone, and Error (kInvalidArgument) when the stream has not
  /// come that far.
  Reader(std::shared_ptr<ResumableStream> stream, std::uint64_t from);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  struct Batch {
    std::string records;
    bool last = false;                 // no record follows
    std::optional<base::Error> error;  // with `last`: why the answer is not complete
    std::string error_records;         // with `error`: what tells clients that have the beginning
  };
  ResumableStream& stream() noexcept { return *stream_; }

  /// What is there; empty, and not the last, when the reader has to wait: then `wake` is called once, with a
  /// lock held, as soon as there is more.
  Batch take(std::function<void()> wake);

 private:
  const std::shared_ptr<ResumableStream> stream_;
  std::list<ResumableStream::Place>::iterator place_;
};

}  // namespace axllama::api::streams
