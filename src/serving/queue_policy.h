#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace axllama::serving {

/// Requests that wait, or take turns, in the order they are served: clients take turns, and each client's own
/// requests stay in the order they came. So one client with many requests delays another by one request, not
/// by all of them. Not thread-safe.
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

  /// Puts an item that was popped back where it was: it is next.
  void push_front(std::string_view client, T item) {
    for (auto line = turns_.begin(); line != turns_.end(); ++line) {
      if (line->client == client) {
        line->items.push_front(std::move(item));
        turns_.splice(turns_.begin(), turns_, line);
        ++size_;
        return;
      }
    }
    turns_.push_front({std::string(client), {}});
    turns_.front().items.push_front(std::move(item));
    ++size_;
  }

  /// The next item; its client then waits behind all others. Empty when there is none.
  std::optional<T> pop() {
    return pop_if([](const T&) { return true; });
  }

  /// The next item for which `wanted(item)` holds, clients in their order and each one's items in theirs; its
  /// client then waits behind all others.
  template <typename Predicate>
  std::optional<T> pop_if(Predicate wanted) {
    for (auto line = turns_.begin(); line != turns_.end(); ++line) {
      for (auto place = line->items.begin(); place != line->items.end(); ++place) {
        if (wanted(std::as_const(*place))) {
          turns_.splice(turns_.end(), turns_, line);
          return remove(line, place);
        }
      }
    }
    return std::nullopt;
  }

  /// Takes out the first item for which `wanted(item)` holds.
  template <typename Predicate>
  std::optional<T> take(Predicate wanted) {
    for (auto line = turns_.begin(); line != turns_.end(); ++line) {
      for (auto place = line->items.begin(); place != line->items.end(); ++place) {
        if (wanted(std::as_const(*place))) {
          return remove(line, place);
        }
      }
    }
    return std::nullopt;
  }

  template <typename Predicate>
  std::size_t count(Predicate wanted) const {
    std::size_t found = 0;
    for (const Line& line : turns_) {
      found += static_cast<std::size_t>(std::count_if(line.items.begin(), line.items.end(), wanted));
    }
    return found;
  }
  template <typename Predicate>
  bool contains(Predicate wanted) const {
    return std::any_of(turns_.begin(), turns_.end(), [&](const Line& line) {
      return std::any_of(line.items.begin(), line.items.end(), wanted);
    });
  }

 private:
  struct Line {
    std::string client;
    std::deque<T> items;  // never empty
  };

  using Place = typename std::deque<T>::iterator;

  std::optional<T> remove(typename std::list<Line>::iterator line, Place place) {
    std::optional<T> item(std::move(*place));
    line->items.erase(place);
    --size_;
    if (line->items.empty()) {
      turns_.erase(line);
    }
    return item;
  }

  std::list<Line> turns_;  // the front is next
  std::size_t size_ = 0;
};

}  // namespace axllama::serving
