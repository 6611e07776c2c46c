#include "api/jobs.h"

#include <exception>
#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "api/wakeup.h"
#include "base/error.h"
#include "http/status.h"
#include "telemetry/log.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api {

namespace asio = boost::asio;

/// What a job's thread tells the handler's coroutine.
struct Jobs::Job {
  struct News {
    std::string lines;  // since the last look
    std::string last;   // the last record of all
    bool done = false;
    std::exception_ptr failure;
  };

  void emit(const Json& record) {
    const std::string line = to_json(record);
    change([&] {
      news.lines += line + "\n";
      news.last = line;
    });
  }
  void end(std::exception_ptr failure) {
    change([&] {
      news.done = true;
      news.failure = std::move(failure);
    });
  }
  /// The callback is gone before the handler goes on: it may hold what belongs to the handler's executor.
  template <typename Change>
  void change(Change apply) {
    const std::lock_guard lock(mutex);
    apply();
    if (on_change) std::exchange(on_change, nullptr)();
  }
  /// Nobody waits for it any more.
  void abandon() {
    cancelled = true;
    const std::lock_guard lock(mutex);
    on_change = nullptr;
  }
  /// The news if there are any; otherwise `callback`, which only posts, is called once when there are.
  bool take(News& taken, std::function<void()> callback) {
    const std::lock_guard lock(mutex);
    if (news.lines.empty() && !news.done) {
      on_change = std::move(callback);
      return false;
    }
    taken = news;
    news.lines.clear();
    return true;
  }

  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  News news;
  std::function<void()> on_change;
  std::jthread thread;  // last: ends before the rest goes
};

namespace {

/// When the handler ends, be it because the client left.
template <typename Job>
struct AbandonAtEnd {
  Job& job;
  ~AbandonAtEnd() { job.abandon(); }
};

std::string error_line(const std::exception_ptr& failure) {
  Json record;
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    record["error"] = error.message();
    telemetry::log(telemetry::LogLevel::kWarning, "work on a model failed", {{"error", error.what()}});
  } catch (const std::exception& error) {
    record["error"] = "internal error";
    telemetry::log(telemetry::LogLevel::kError, "work on a model failed", {{"error", error.what()}});
  }
  return to_json(record) + "\n";
}

/// Waits on the handler's executor until `take` succeeds.
template <typename Job, typename News>
http::Awaitable<void> next_news(Job& job, News& news) {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    Wakeup wakeup(executor);
    if (job.take(news, wakeup.trigger())) co_return;
    co_await wakeup.wait();
  }
}

}  // namespace

Jobs::~Jobs() {
  std::list<std::shared_ptr<Job>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(jobs_);
  }
  for (const auto& job : jobs) job->cancelled = true;
  for (const auto& job : jobs) {
    if (job->thread.joinable()) job->thread.join();
  }
}

std::shared_ptr<Jobs::Job> Jobs::start(JobWork work) {
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [](const std::shared_ptr<Job>& job) {
    const std::lock_guard job_lock(job->mutex);
    return job->news.done;
  });
  if (jobs_.size() >= most_) {
    throw base::Error(base::ErrorCode::kResourceExhausted,
                      "the server is working on " + std::to_string(most_) +
                          " models already; try again when one of them is done");
  }
  auto job = std::make_shared<Job>();
  // The list keeps the job until its thread is done.
  job->thread = std::jthread([job = job.get(), work = std::move(work)] {
    std::exception_ptr failure;
    try {
      work([job](const Json& record) { job->emit(record); }, job->cancelled);
    } catch (...) {
      failure = std::current_exception();
    }
    job->end(failure);
  });
  jobs_.push_back(job);
  return job;
}

http::Awaitable<void> Jobs::run(JobWork work, bool stream, http::ResponseWriter& response) {
  const std::shared_ptr<Job> job = start(std::move(work));
  const AbandonAtEnd<Job> guard{*job};
  Job::News news;
  while (!news.done) {
    co_await next_news(*job, news);
    if (news.failure && !response.started() && (!stream || news.lines.empty())) {
      std::rethrow_exception(news.failure);
    }
    if (!stream) continue;
    std::string lines = news.lines;
    if (news.failure) lines += error_line(news.failure);
    if (!response.started()) response.start_stream(200, http::kNdjsonContentType);
    if (news.done) {
      co_await response.finish(lines);
      co_return;
    }
    co_await response.write(lines);
  }
  const std::string body = news.last;
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace axllama::api
