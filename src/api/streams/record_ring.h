#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::api::streams {

/// The newest records of a stream, numbered from 0. What it holds is counted in `total` as well, which
/// several rings share. Not thread-safe.
class RecordRing {
 public:
  explicit RecordRing(std::atomic<std::size_t>& total) : total_(total) {}
  ~RecordRing();
  RecordRing(const RecordRing&) = delete;
  RecordRing& operator=(const RecordRing&) = delete;

  void push(std::string record);
  void drop_oldest();

  /// The number of the oldest record that is there; next() when there is none.
  std::uint64_t first() const noexcept { return next_ - records_.size(); }
  /// The number that the next record will get.
  std::uint64_t next() const noexcept { return next_; }
  std::size_t count() const noexcept { return records_.size(); }
  /// With what each record costs beyond its text.
  std::size_t bytes() const noexcept { return bytes_; }
  static std::size_t cost(std::string_view record) noexcept;

  /// Records from number `from` (>= first()) on, one at least if there is one, else at most `most_bytes`;
  /// `from` becomes the number of the next.
  std::string read(std::uint64_t& from, std::size_t most_bytes) const;

 private:
  std::atomic<std::size_t>& total_;
  std::deque<std::string> records_;
  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;
};

/// Takes records apart, each with its end: lines, or events with their blank line.
std::vector<std::string_view> split_records(std::string_view records, std::string_view content_type);

/// An event with its number as its id, for clients that send Last-Event-ID; other records as they are.
std::string numbered(std::string_view record, std::uint64_t number, std::string_view content_type);

}  // namespace axllama::api::streams
