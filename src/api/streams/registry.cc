#include "api/streams/registry.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>
#include <sys/random.h>

#include "telemetry/log.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::streams {

namespace asio = boost::asio;

/// A stream, with the coroutine that makes it. All but `stream` is used on the strand only.
struct Registry::Entry {
  explicit Entry(asio::thread_pool& pool) : strand(asio::make_strand(pool)), timer(strand) {}

  std::shared_ptr<ResumableStream> stream;
  asio::strand<asio::thread_pool::executor_type> strand;
  asio::steady_timer timer;  // runs while nobody reads
  asio::cancellation_signal cancellation;
};

namespace {

/// 128 random bits: who does not know the id cannot find it.
std::string new_stream_id() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the system gives no random bytes");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4U];
    id += kDigits[byte & 15U];
  }
  return id;
}

/// Takes the records of a handler for a stream.
class StreamWriter final : public http::ResponseWriter {
 public:
  explicit StreamWriter(ResumableStream& stream) : stream_(stream) {}

  void set_header(std::string /*name*/, std::string /*value*/) override {}
  http::Awaitable<void> respond(int /*status*/, std::string_view /*content_type*/,
                                std::string_view /*body*/) override {
    throw std::logic_error("a whole answer where a stream was begun");
  }
  void start_stream(int /*status*/, std::string_view /*content_type*/) override { started_ = true; }
  http::Awaitable<void> write(std::string_view records) override { return stream_.append(records); }
  http::Awaitable<void> finish(std::string_view records) override {
    co_await stream_.append(records);
    stream_.end();
  }
  bool started() const noexcept override { return started_; }

 private:
  ResumableStream& stream_;
  bool started_ = false;
};

base::Error error_of(const std::exception_ptr& failure, const std::string& id) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    return error;
  } catch (const boost::system::system_error&) {
    return {base::ErrorCode::kCancelled, "the stream was cancelled"};
  } catch (const std::exception& exception) {
    telemetry::log(telemetry::LogLevel::kError, "a stream failed",
                   {{"stream", id}, {"error", exception.what()}});
    return {base::ErrorCode::kInternal, "the server failed to answer; its log says why"};
  }
}

}  // namespace

Registry::Registry(const Limits& limits) : limits_(limits) {}

Registry::~Registry() {
  std::unique_lock lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    asio::post(entry->strand,
               [entry = entry] { entry->cancellation.emit(asio::cancellation_type::terminal); });
  }
  all_made_.wait(lock, [this] { return making_ == 0; });
  lock.unlock();
  pool_.stop();
  pool_.join();
  entries_.clear();  // their timers are the pool's
}

bool Registry::make_room() {
  const auto is_tight = [this] {
    return entries_.size() >= limits_.streams || bytes_ + limits_.stream_bytes > limits_.total_bytes;
  };
  for (auto entry = entries_.begin(); entry != entries_.end() && is_tight();) {
    const ResumableStream::State state = entry->second->stream->state();
    entry = state.ended && state.readers == 0 ? entries_.erase(entry) : std::next(entry);
  }
  return entries_.size() < limits_.streams;
}

Registry::EntryPointer Registry::make_entry(ResumableStream::Form form) {
  const std::lock_guard lock(mutex_);
  if (!make_room()) {
    return nullptr;
  }
  auto entry = std::make_shared<Entry>(pool_);
  const auto on_change = [this, weak = std::weak_ptr(entry)] {
    if (const EntryPointer changed = weak.lock()) {
      asio::post(changed->strand, [this, changed] { look_after(changed); });
    }
  };
  entry->stream =
      std::make_shared<ResumableStream>(new_stream_id(), std::move(form), limits_, bytes_, on_change);
  entries_.emplace(entry->stream->id(), entry);
  return entry;
}

std::unique_ptr<Reader> Registry::start(ResumableStream::Form form, Producer produce,
                                        ErrorRecords error_records) {
  const EntryPointer entry = make_entry(std::move(form));
  if (!entry) {
    return nullptr;
  }
  // Before the answer can end: a stream without a reader is forgotten.
  auto reader = std::make_unique<Reader>(entry->stream, 0);
  launch(entry, std::move(produce), std::move(error_records));
  return reader;
}

void Registry::launch(const EntryPointer& entry, Producer produce, ErrorRecords error_records) {
  {
    const std::lock_guard lock(mutex_);
    ++making_;
  }
  asio::co_spawn(
      entry->strand, make(entry, std::move(produce), std::move(error_records)),
      asio::bind_cancellation_slot(entry->cancellation.slot(), [this, entry](const std::exception_ptr&) {
        const std::lock_guard lock(mutex_);
        --making_;
        all_made_.notify_all();
      }));
}

http::Awaitable<void> Registry::make(EntryPointer entry, Producer produce, ErrorRecords error_records) {
  ResumableStream& stream = *entry->stream;
  StreamWriter writer(stream);
  std::exception_ptr failure;
  try {
    co_await produce(writer);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    const base::Error error = error_of(failure, stream.id());
    stream.fail(error, error_records(error));
  }
  stream.end();  // at the latest
}

void Registry::look_after(const EntryPointer& entry) {
  entry->timer.cancel();
  const ResumableStream::State state = entry->stream->state();
  if (state.readers > 0) {
    return;
  }
  // Nobody can come back to a stream whose id no client has heard.
  entry->timer.expires_after(!state.announced ? std::chrono::milliseconds(0)
                             : state.ended    ? limits_.kept_after
                                              : limits_.grace);
  entry->timer.async_wait([this, entry](const boost::system::error_code& error) {
    if (!error && entry->stream->state().readers == 0) {
      forget(entry);
    }
  });
}

void Registry::forget(const EntryPointer& entry) {
  {
    const std::lock_guard lock(mutex_);
    entries_.erase(entry->stream->id());
  }
  asio::post(entry->strand, [entry] { entry->cancellation.emit(asio::cancellation_type::terminal); });
}

void Registry::fail_unknown(const std::string& id) {
  throw base::Error(base::ErrorCode::kNotFound,
                    "there is no stream '" + id + "', or nobody has read it for too long");
}

std::shared_ptr<ResumableStream> Registry::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) {
    fail_unknown(id);
  }
  return found->second->stream;
}

void Registry::cancel(const std::string& id) {
  EntryPointer entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
      fail_unknown(id);
    }
    entry = found->second;
  }
  forget(entry);
}

std::size_t Registry::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace axllama::api::streams
