#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "api/json_body.h"
#include "http/request.h"
#include "http/response_writer.h"

namespace axllama::api {

/// Takes a record for the client: one line of a stream.
using RecordSink = std::function<void(const Json&)>;

/// Long work on models: creating, pulling, pushing. Reports with `emit` and ends with the record that says
/// "success"; looks at `cancelled` often. Errors are thrown.
using JobWork = std::function<void(const RecordSink& emit, const std::atomic<bool>& cancelled)>;

/// Runs long work, each piece on a thread of its own, and streams what it reports. Work is cancelled when its
/// client leaves. Thread-safe.
class Jobs {
 public:
  explicit Jobs(std::size_t most = 8) : most_(most) {}
  ~Jobs();  // cancels everything and waits
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  /// Answers with the records of `work` as NDJSON, or with the last one alone when `stream` is false. What it
  /// throws before the first record becomes the answer's status, later the record {"error": ...}. Throws
  /// Error (kResourceExhausted) when too much is under way.
  http::Awaitable<void> run(JobWork work, bool stream, http::ResponseWriter& response);

 private:
  struct Job;
  std::shared_ptr<Job> start(JobWork work);

  const std::size_t most_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Job>> jobs_;
};

}  // namespace axllama::api
