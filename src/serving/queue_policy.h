#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace axllama::serving {

/// Waiting requests in the order they are served: clients take turns, and each client's own requests stay in
/// the order they came. So one client with many requests delays another by one request, not by all of them.
/// Not thread-safe.
template <typename T>
class FairQueue {
 public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(std::string_view client, T item) {
    for (Line& line : turns_) {
      if (line.client == client) {
        line.items.push_back(std::move(item));
        ++size_;
        return;
      }
    }
    turns_.push_back({std::string(client), {}});
    turns_.back().items.push_back(std::move(item));
    ++size_;
  }

  /// The next item; its client then waits behind all others. Empty when there is none.
  std::optional<T> pop() {
    if (turns_.empty()) {
      return std::nullopt;
    }
    Line& line = turns_.front();
    std::optional<T> item(std::move(line.items.front()));
    line.items.pop_front();
    --size_;
    if (line.items.empty()) {
      turns_.pop_front();
    } else {
      turns_.splice(turns_.end(), turns_, turns_.begin());
    }
    return item;
  }

  /// Takes out the first item for which `wanted(item)` holds.
  template <typename Predicate>
  std::optional<T> take(Predicate wanted) {
    for (auto line = turns_.begin(); line != turns_.end(); ++line) {
      for (auto place = line->items.begin(); place != line->items.end(); ++place) {
        if (wanted(std::as_const(*place))) {
          std::optional<T> item(std::move(*place));
          line->items.erase(place);
          --size_;
          if (line->items.empty()) {
            turns_.erase(line);
          }
          return item;
        }
      }
    }
    return std::nullopt;
  }

  template <typename Predicate>
  bool contains(Predicate wanted) const {
    for (const Line& line : turns_) {
      for (const T& item : line.items) {
        if (wanted(item)) {
          return true;
        }
      }
    }
    return false;
  }

 private:
  struct Line {
    std::string client;
    std::deque<T> items;  // never empty
  };

  std::list<Line> turns_;  // the front is next
  std::size_t size_ = 0;
};

}  // namespace axllama::serving
