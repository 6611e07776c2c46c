#include "serving/residency.h"

#include <algorithm>
#include <utility>

namespace axllama::serving {
namespace {

/// time + duration, or the end of time where that cannot be represented.
template <typename TimePoint>
TimePoint saturating_add(TimePoint time, std::chrono::nanoseconds duration) {
  const auto room = std::chrono::duration_cast<std::chrono::nanoseconds>(TimePoint::max() - time);
  if (time.time_since_epoch().count() >= 0 && duration >= room) {
    return TimePoint::max();
  }
  return time + std::chrono::duration_cast<typename TimePoint::duration>(duration);
}

}  // namespace

void Residency::Entry::pin() {
  shown.pinned = true;
  keep_alive = KeepAlive::kForever;
}

Residency::Time Residency::Entry::expiry() const {
  if (unload_requested) {
    return idle_since;
  }
  return keep_alive == KeepAlive::kForever ? Time::max() : saturating_add(idle_since, keep_alive);
}

void Residency::begin_load(const ModelReference& model, std::size_t layers_total) {
  Entry entry;
  entry.shown.model = model;
  entry.shown.model.draft.reset();
  entry.shown.loading = true;
  entry.shown.layers_total = layers_total;
  entry.order = ++loads_;
  entry.keep_alive = default_keep_alive_;
  if (pinned_.contains(model.digest)) {
    entry.pin();
  }
  entries_.insert_or_assign(model.digest, std::move(entry));
}

void Residency::loading(const std::string& digest, std::size_t layers_loaded) {
  entries_.at(digest).shown.layers_loaded = layers_loaded;
}

void Residency::loaded(const std::string& digest, std::uint64_t card_bytes, std::size_t context_length) {
  LoadedModel& shown = entries_.at(digest).shown;
  shown.loading = false;
  shown.layers_loaded = shown.layers_total;
  shown.card_bytes = card_bytes;
  shown.context_length = context_length;
  missed_.erase(digest);
}

void Residency::resized(const std::string& digest, std::uint64_t card_bytes) {
  entries_.at(digest).shown.card_bytes = card_bytes;
}

void Residency::begin_draft(const std::string& digest, std::shared_ptr<const ModelReference> draft) {
  LoadedModel& shown = entries_.at(digest).shown;
  shown.loading = true;
  shown.layers_loaded = 0;
  shown.layers_total = draft->package ? draft->package->layer_count() : 0;
  shown.draft_problem.clear();
  shown.model.draft = std::move(draft);
}

void Residency::end_draft(const std::string& digest, const std::string& problem, std::uint64_t card_bytes) {
  LoadedModel& shown = entries_.at(digest).shown;
  shown.loading = false;
  shown.draft_problem = problem;
  shown.card_bytes = card_bytes;
}

void Residency::forget_draft(const std::string& digest) {
  const auto found = entries_.find(digest);
  if (found != entries_.end()) {  // it may be gone with the card
    found->second.shown.loading = false;
    found->second.shown.model.draft.reset();
  }
}

bool Residency::ready(const std::string& digest, const std::string& draft) const {
  const auto found = entries_.find(digest);
  if (found == entries_.end()) {
    return false;
  }
  const auto& loaded = found->second.shown.model.draft;
  return draft.empty() || (loaded && loaded->digest == draft);
}

void Residency::remove(const std::string& digest) {
  entries_.erase(digest);
}

void Residency::lose(const std::string& digest) {
  const auto found = entries_.find(digest);
  if (found == entries_.end()) {
    return;
  }
  if (found->second.shown.pinned && !found->second.unload_requested) {
    missed_.insert_or_assign(digest, std::move(found->second.shown.model));
  }
  entries_.erase(found);
}

void Residency::lose_all() {
  while (!entries_.empty()) {
    const std::string digest = entries_.begin()->first;
    lose(digest);
  }
}

void Residency::begin_use(const std::string& digest, const std::optional<KeepAlive>& keep_alive) {
  Entry& entry = entries_.at(digest);
  ++entry.users;
  if (keep_alive && !entry.shown.pinned) {
    entry.keep_alive = std::max(keep_alive->duration, std::chrono::nanoseconds::zero());
  }
}

void Residency::end_use(const std::string& digest, Time now) {
  const auto found = entries_.find(digest);
  if (found != entries_.end()) {  // it may be gone with the card
    --found->second.users;
    found->second.idle_since = now;
  }
}

bool Residency::request_unload(const std::string& digest) {
  const bool was_missed = missed_.erase(digest) > 0;
  const auto found = entries_.find(digest);
  if (found == entries_.end()) {
    return was_missed;
  }
  found->second.unload_requested = true;
  return true;
}

void Residency::pin(const std::string& digest) {
  pinned_.insert(digest);
  if (const auto found = entries_.find(digest); found != entries_.end()) {
    found->second.pin();
  }
}

std::vector<std::string> Residency::expired(Time now) const {
  std::vector<std::string> digests;
  for (const auto& [digest, entry] : entries_) {
    if (entry.users == 0 && entry.expiry() <= now) {
      digests.push_back(digest);
    }
  }
  return digests;
}

std::optional<Residency::Time> Residency::next_expiry() const {
  std::optional<Time> next;
  for (const auto& [digest, entry] : entries_) {
    if (entry.users == 0 && entry.expiry() != Time::max() && (!next || entry.expiry() < *next)) {
      next = entry.expiry();
    }
  }
  return next;
}

std::optional<std::string> Residency::victim() const {
  const auto order = [](const Entry& entry) {
    return std::pair(entry.keep_alive == KeepAlive::kForever, entry.idle_since);
  };
  const std::pair<const std::string, Entry>* first = nullptr;
  for (const auto& item : entries_) {
    const Entry& entry = item.second;
    if (entry.users == 0 && !entry.shown.pinned &&
        (first == nullptr || order(entry) < order(first->second))) {
      first = &item;
    }
  }
  return first == nullptr ? std::nullopt : std::optional(first->first);
}

std::vector<LoadedModel> Residency::snapshot(Time now, std::chrono::system_clock::time_point wall_now) const {
  using WallTime = std::chrono::system_clock::time_point;
  std::vector<const Entry*> ordered;
  for (const auto& [digest, entry] : entries_) {
    ordered.push_back(&entry);
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const Entry* a, const Entry* b) { return a->order < b->order; });
  std::vector<LoadedModel> models;
  for (const Entry* entry : ordered) {
    LoadedModel& model = models.emplace_back(entry->shown);
    if (entry->unload_requested) {
      model.expires_at = wall_now;
    } else if (entry->keep_alive == KeepAlive::kForever) {
      model.expires_at = WallTime::max();
    } else {
      const auto idle = entry->users > 0 ? std::chrono::nanoseconds::zero() : now - entry->idle_since;
      model.expires_at = saturating_add(wall_now, entry->keep_alive - idle);
    }
  }
  return models;
}

}  // namespace axllama::serving
