#include "text/jinja/objects.h"

#include <algorithm>

#include "text/jinja/operators.h"

namespace axllama::text::jinja {
namespace {
constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);
}  // namespace

std::size_t Dict::find_entry(const Value& key, std::size_t hash, Budget& budget) const {
  if (entries_.size() < kIndexFrom) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (hashes_[i] == hash && equal(entries_[i].first, key, budget)) {
        return i;
      }
    }
    return kNotFound;
  }
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (equal(entries_[it->second].first, key, budget)) {
      return it->second;
    }
  }
  return kNotFound;
}

const Value* Dict::find(const Value& key, Budget& budget) const {
  const std::size_t entry = find_entry(key, hash_value(key, budget), budget);
  return entry == kNotFound ? nullptr : &entries_[entry].second;
}

const Value* Dict::find(std::string_view key) const noexcept {
  const std::size_t hash = hash_text(key);
  const auto matches = [&](std::size_t i) {
    const Value& candidate = entries_[i].first;
    return candidate.is_string() && candidate.text() == key;
  };
  if (entries_.size() < kIndexFrom) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (hashes_[i] == hash && matches(i)) {
        return &entries_[i].second;
      }
    }
    return nullptr;
  }
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (matches(it->second)) {
      return &entries_[it->second].second;
    }
  }
  return nullptr;
}

void Dict::set(Value key, Value value, Budget& budget) {
  const std::size_t hash = hash_value(key, budget);
  const std::size_t entry = find_entry(key, hash, budget);
  if (entry != kNotFound) {
    entries_[entry].second = std::move(value);
    return;
  }
  budget.allocate(sizeof(Entry) + sizeof(std::size_t) * 6);
  entries_.emplace_back(std::move(key), std::move(value));
  hashes_.push_back(hash);
  if (entries_.size() == kIndexFrom) {
    index_all();
  } else if (entries_.size() > kIndexFrom) {
    by_hash_.emplace(hash, entries_.size() - 1);
  }
}

bool Dict::erase(const Value& key, Budget& budget) {
  const std::size_t entry = find_entry(key, hash_value(key, budget), budget);
  if (entry == kNotFound) {
    return false;
  }
  budget.step(1 + entries_.size());
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(entry));
  hashes_.erase(hashes_.begin() + static_cast<std::ptrdiff_t>(entry));
  index_all();
  return true;
}

void Dict::clear() noexcept {
  entries_.clear();
  hashes_.clear();
  by_hash_.clear();
}

void Dict::index_all() {
  by_hash_.clear();
  if (entries_.size() >= kIndexFrom) {
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
      by_hash_.emplace(hashes_[i], i);
    }
  }
}

std::int64_t Range::size() const noexcept {
  // The ends of a range are limited to 2^53 by whoever makes one, so nothing here can overflow.
  const std::int64_t span = step > 0 ? stop - start : start - stop;
  const std::int64_t stride = std::max(step, -step);
  return span <= 0 ? 0 : (span + stride - 1) / stride;
}

}  // namespace axllama::text::jinja
