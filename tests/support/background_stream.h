#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "http/client.h"

namespace axllama::testing {

/// A streamed answer that is read while the test does something else. It ends with the object at the latest.
class BackgroundStream {
 public:
  BackgroundStream(std::string base_url, nlohmann::json body, std::string path = "/api/generate")
      : reader_([this, base_url = std::move(base_url), path = std::move(path), body = body.dump()] {
          read(base_url, path, body);
        }) {}
  ~BackgroundStream() { stop(); }
  BackgroundStream(const BackgroundStream&) = delete;
  BackgroundStream& operator=(const BackgroundStream&) = delete;

  std::size_t records() const noexcept { return count_; }
  /// Its last record has come, or it has failed.
  bool ended() const noexcept { return ended_; }
  /// False when it ended before, or after a minute.
  bool wait_for_records(std::size_t number) const {
    return wait([&] { return records() >= number; }) && records() >= number;
  }
  bool wait_for_end() const {
    return wait([] { return false; }) && ended();
  }

  /// Leaves with the next record, where it has not ended.
  void stop() {
    stopping_ = true;
    if (reader_.joinable()) {
      reader_.join();
    }
  }
  /// What was read; after the end or stop() only.
  const std::vector<nlohmann::json>& lines() const noexcept { return lines_; }
  std::string text() const {
    std::string text;
    for (const nlohmann::json& line : lines_) {
      text += line.value("response", "");
    }
    return text;
  }

 private:
  void read(const std::string& base_url, const std::string& path, const std::string& body) {
    try {
      http::Client client(base_url);
      const auto answer =
          client.stream({.method = "POST", .path = path, .body = body}, [this](std::string_view line) {
            lines_.push_back(nlohmann::json::parse(line, nullptr, false));
            ++count_;
            return !stopping_;
          });
      if (answer.status >= 400) {
        lines_.push_back(nlohmann::json::parse(answer.body, nullptr, false));
      }
    } catch (const std::exception& error) {
      lines_.push_back({{"error", error.what()}});
    }
    ended_ = true;
  }
  template <typename Condition>
  bool wait(Condition condition) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition() && !ended_) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  std::vector<nlohmann::json> lines_;  // of the reader until it has ended
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_{false};
  std::thread reader_;  // last: it uses the others
};

}  // namespace axllama::testing
