#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "api/streams/limits.h"
#include "api/streams/resumable_stream.h"
#include "base/error.h"
#include "http/response_writer.h"

namespace axllama::api::streams {

/// Makes the records of an answer: what a handler would write to its client, it writes to the writer given.
using Producer = std::function<http::Awaitable<void>(http::ResponseWriter&)>;
/// The records that say in the answer's dialect why it ends before it is complete.
using ErrorRecords = std::function<std::string(const base::Error&)>;

/// Answers that outlive the connection they were asked for on: each is made by a coroutine of its own and
/// kept for a while for clients that come back. Thread-safe.
class Registry {
 public:
  explicit Registry(const Limits& limits = {});
  ~Registry();  // cancels all and waits for them
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Begins an answer and returns its first reader. `produce` and `error_records` are kept until it has
  /// ended. Null when there is no room for another stream that can be taken up again.
  std::unique_ptr<Reader> start(ResumableStream::Form form, Producer produce, ErrorRecords error_records);

  /// Throws Error (kNotFound).
  std::shared_ptr<ResumableStream> find(const std::string& id) const;
  /// Ends an answer in the making and forgets the stream. Throws Error (kNotFound).
  void cancel(const std::string& id);

  std::size_t count() const;

 private:
  struct Entry;
  using EntryPointer = std::shared_ptr<Entry>;

  EntryPointer make_entry(ResumableStream::Form form);
  bool make_room();
  void launch(const EntryPointer& entry, Producer produce, ErrorRecords error_records);
  http::Awaitable<void> make(EntryPointer entry, Producer produce, ErrorRecords error_records);
  void look_after(const EntryPointer& entry);
  void forget(const EntryPointer& entry);
  [[noreturn]] static void fail_unknown(const std::string& id);

  const Limits limits_;
  std::atomic<std::size_t> bytes_{0};  // of all streams
  mutable std::mutex mutex_;
  std::condition_variable all_made_;
  std::map<std::string, EntryPointer> entries_;  // by id
  std::size_t making_ = 0;                       // coroutines that run
  boost::asio::thread_pool pool_{1};             // last: its coroutines use the others
};

}  // namespace axllama::api::streams
