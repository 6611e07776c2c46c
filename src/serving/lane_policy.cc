#include "serving/lane_policy.h"

#include <algorithm>
#include <utility>

namespace axllama::serving {
namespace {

/// What has to be on the card for a request: its model, with a draft or without.
std::string load_of(const Ticket& ticket) {
  return ticket.draft.empty() ? ticket.digest : ticket.digest + "\nwith " + ticket.draft;
}

/// Turns are taken for each thing that is waited for: a request that waits for its model, or for a slot,
/// keeps its turn while others of the same client, for other things, have theirs.
std::string line_of(const Ticket& ticket) {
  return ticket.client + (ticket.needs_slot ? "\nslot of " : "\nload of ") + load_of(ticket);
}

}  // namespace

LanePolicy::LanePolicy(const PolicyOptions& options)
    : options_(options), residency_(options.default_keep_alive) {}

bool LanePolicy::submit(Ticket ticket) {
  if (waiting() >= options_.max_queue) {
    return false;
  }
  const std::string line = line_of(ticket);
  queue_.push(line, std::move(ticket));
  return true;
}

std::optional<Ticket> LanePolicy::withdraw(std::uint64_t id) {
  auto ticket = queue_.take([id](const Ticket& waiting) { return waiting.id == id; });
  if (ticket) {
    forget_overtaking(*ticket);
  }
  return ticket;
}

void LanePolicy::put_back(Ticket ticket) {
  running_.erase(ticket.id);
  const std::string line = line_of(ticket);
  queue_.push_front(line, std::move(ticket));
}

void LanePolicy::ended(std::uint64_t id) {
  const auto ended = running_.extract(id);
  if (!ended.empty() && id >= kRestoreIds && !residency_.missed().contains(ended.mapped())) {
    attempts_.erase(ended.mapped());  // it is back; should it be lost again, the pauses begin anew
  }
}

std::vector<Ticket> LanePolicy::clear_queue() {
  std::vector<Ticket> tickets;
  while (auto ticket = queue_.pop()) {
    if (!is_restore(*ticket)) {
      tickets.push_back(std::move(*ticket));
    }
  }
  overtakings_.clear();
  restores_queued_ = 0;
  for (auto& [digest, attempts] : attempts_) {
    attempts.queued = false;
  }
  return tickets;
}

/// Missed models whose time has come take their places in the queue; those that are missed no more leave it.
void LanePolicy::queue_restores(Time now) {
  for (auto entry = attempts_.begin(); entry != attempts_.end();) {
    const std::string digest = entry->first;
    if (residency_.missed().contains(digest)) {
      ++entry;
      continue;
    }
    if (const auto gone = queue_.take(
            [&](const Ticket& ticket) { return is_restore(ticket) && ticket.digest == digest; })) {
      --restores_queued_;
      forget_overtaking(*gone);
    }
    entry = attempts_.erase(entry);
  }
  for (const auto& [digest, model] : residency_.missed()) {
    Attempts& attempts = attempts_[digest];
    if (attempts.queued || now < attempts.not_before || running(digest) > 0) {
      continue;
    }
    attempts.queued = true;
    Ticket ticket{.id = ++last_restore_, .client = {}, .digest = digest, .needs_slot = false};
    const std::string line = line_of(ticket);
    queue_.push(line, std::move(ticket));
    ++restores_queued_;
  }
}

/// When a missed model that does not wait in the queue shall do so; Time::max() when there is none.
LanePolicy::Time LanePolicy::next_restore() const {
  Time next = Time::max();
  for (const auto& [digest, model] : residency_.missed()) {
    const auto attempts = attempts_.find(digest);
    next = std::min(next, attempts == attempts_.end() ? Time::min() : attempts->second.not_before);
  }
  return next;
}

LanePolicy::Action LanePolicy::next(Time now, const FreeSlots& free_slots) {
  queue_restores(now);
  auto overdue =
      queue_.take([now](const Ticket& waiting) { return waiting.deadline && *waiting.deadline <= now; });
  if (overdue) {
    forget_overtaking(*overdue);
    return Expire{std::move(*overdue)};
  }
  if (auto digest = next_to_unload(now)) {
    residency_.remove(*digest);
    return Unload{std::move(*digest)};
  }
  if (auto ticket = next_admissible(free_slots)) {
    running_.emplace(ticket->id, ticket->digest);
    if (!is_restore(*ticket)) {
      return Admit{std::move(*ticket)};
    }
    --restores_queued_;
    Attempts& attempts = attempts_.at(ticket->digest);
    attempts.queued = false;
    attempts.not_before = now + std::chrono::duration_cast<Time::duration>(attempts.pause);
    attempts.pause = std::min<std::chrono::nanoseconds>(2 * attempts.pause, kLongestRestorePause);
    return Restore{ticket->id, residency_.missed().at(ticket->digest)};
  }
  if (!running_.empty()) {
    return Advance{};
  }
  return Rest{std::min(residency_.next_expiry().value_or(Time::max()),
                       next_restore())};  // nothing waits: it could begin
}

bool LanePolicy::only_advances(Time now, const FreeSlots& free_slots) const {
  return !running_.empty() && !next_to_unload(now) && !queue_.contains([&](const Ticket& waiting) {
    return (waiting.deadline && *waiting.deadline <= now) || could_begin(waiting, free_slots);
  });
}

/// An idle model whose time is over, unless a waiting request wants it.
std::optional<std::string> LanePolicy::next_to_unload(Time now) const {
  for (const std::string& digest : residency_.expired(now)) {
    if (!wanted(digest)) {
      return digest;
    }
  }
  return std::nullopt;
}

std::optional<Ticket> LanePolicy::next_admissible(const FreeSlots& free_slots) {
  std::vector<std::string> passed_over;  // loads that are waited for
  bool closed = false;                   // nobody behind may overtake any more
  auto ticket = queue_.pop_if([&](const Ticket& waiting) {
    if (closed) {
      return false;
    }
    if (could_begin(waiting, free_slots)) {
      return true;
    }
    if (residency_.ready(waiting.digest, waiting.draft)) {
      return false;
    }
    const std::string load = load_of(waiting);
    if (std::find(passed_over.begin(), passed_over.end(), load) == passed_over.end()) {
      passed_over.push_back(load);
      closed = overtakings_[load] >= kMostOvertakings;
    }
    return false;
  });
  if (ticket) {
    for (const std::string& load : passed_over) {
      ++overtakings_[load];
    }
    overtakings_.erase(load_of(*ticket));
  }
  return ticket;
}

/// Whether a request can begin that nobody overtakes. A model, or its draft, is loaded while nothing runs.
bool LanePolicy::could_begin(const Ticket& waiting, const FreeSlots& free_slots) const {
  if (!residency_.ready(waiting.digest, waiting.draft)) {
    return running_.empty();
  }
  return !waiting.needs_slot || has_room(waiting.digest, free_slots);
}

/// Whether another answer of a loaded model can begin. The first always can: where it cannot, it has to hear
/// why.
bool LanePolicy::has_room(const std::string& digest, const FreeSlots& free_slots) const {
  const std::size_t count = running(digest);
  return count == 0 || (free_slots(digest) > 0 && (options_.parallel == 0 || count < options_.parallel));
}

/// Nobody waits for the ticket's load any more: it starts anew when somebody does again.
void LanePolicy::forget_overtaking(const Ticket& gone) {
  const std::string load = load_of(gone);
  if (!queue_.contains([&](const Ticket& waiting) { return load_of(waiting) == load; })) {
    overtakings_.erase(load);
  }
}

bool LanePolicy::too_many_loaded() const {
  return options_.max_loaded > 0 && residency_.size() > options_.max_loaded;
}

std::optional<std::string> LanePolicy::evict() {
  auto digest = residency_.victim();
  if (digest) {
    residency_.remove(*digest);
  }
  return digest;
}

std::size_t LanePolicy::running(const std::string& digest) const {
  return static_cast<std::size_t>(std::count_if(running_.begin(), running_.end(),
                                                [&](const auto& entry) { return entry.second == digest; }));
}

bool LanePolicy::wanted(const std::string& digest) const {
  return queue_.contains([&](const Ticket& waiting) { return waiting.digest == digest; });
}

}  // namespace axllama::serving
