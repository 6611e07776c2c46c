#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "serving/queue_policy.h"
#include "serving/residency.h"

namespace axllama::serving {

/// What the policy knows of a request.
struct Ticket {
  std::uint64_t id = 0;    // different for each
  std::string client;      // fairness key
  std::string digest;      // of its model
  bool needs_slot = true;  // false: it only wants the model to be loaded
  std::optional<std::chrono::steady_clock::time_point> deadline = {};  // of an answer; unset: none
  std::string draft = {};  // digest of the model that is to guess for its model; empty: none is
};

struct PolicyOptions {
  std::size_t max_queue = 512;
  std::size_t parallel = 0;    // answers at once per model; 0: as many as it has slots
  std::size_t max_loaded = 0;  // models on the card at once; 0: as many as fit
  std::chrono::nanoseconds default_keep_alive = std::chrono::minutes(5);
};

/// Decides for one card which request begins next, which model goes, and who is turned away. A state machine:
/// what happens comes in as calls with the time, what is to be done goes out as actions. It knows neither
/// threads nor cards. Not thread-safe.
///
/// Clients take turns for each model. A model is loaded only while no answer is generated. Requests for
/// other models that are on the card go first meanwhile, but of those behind in the order no more than
/// kMostOvertakings until the model is loaded. A model in use, or pinned, is never evicted. A pinned one that
/// was lost with the card has its turn in the queue like a request, without counting as one.
class LanePolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// How many more answers a model that is on the card can hold.
  using FreeSlots = std::function<std::size_t(const std::string& digest)>;

  /// Ids from here on are those of Restore.
  static constexpr std::uint64_t kRestoreIds = std::uint64_t{1} << 63U;
  /// Of a model that waits to be loaded, by requests behind its first.
  static constexpr std::size_t kMostOvertakings = 4;
  /// Between attempts to bring a lost model back: the first pause, which doubles, and the longest.
  static constexpr std::chrono::seconds kRestorePause{10};
  static constexpr std::chrono::seconds kLongestRestorePause{320};

  /// The deadline of a waiting request is over: it is done.
  struct Expire {
    Ticket ticket;
  };
  /// Take the model off the card; it is out of the residency already.
  struct Unload {
    std::string digest;
  };
  /// Begin the request, after loading its model where that is not on the card. It runs until ended().
  struct Admit {
    Ticket ticket;
  };
  /// Load a pinned model that was lost: for nobody, but it runs like an admitted request until ended().
  struct Restore {
    std::uint64_t id = 0;  // unlike that of any request
    ModelReference model;
  };
  /// Go on with the answers that run.
  struct Advance {};
  /// Nothing to do until then, unless something happens.
  struct Rest {
    Time until = Time::max();
  };
  using Action = std::variant<Expire, Unload, Admit, Restore, Advance, Rest>;

  explicit LanePolicy(const PolicyOptions& options);

  // What happens.

  /// A request comes; its id is below kRestoreIds. False: the queue is full, it is not taken.
  bool submit(Ticket ticket);
  /// A waiting request is given up. Empty when it does not wait (any more).
  std::optional<Ticket> withdraw(std::uint64_t id);
  /// An admitted request could not begin for want of a slot, though others run: it is next.
  void put_back(Ticket ticket);
  /// An admitted request is done, whether it began or not.
  void ended(std::uint64_t id);
  /// Everybody who waits is turned away.
  std::vector<Ticket> clear_queue();

  // What is to be done.

  /// The most urgent action. All but Advance and Rest have been noted as done.
  Action next(Time now, const FreeSlots& free_slots);
  /// Whether next() is sure to say Advance; so it can be asked without anything being noted.
  bool only_advances(Time now, const FreeSlots& free_slots) const;
  /// More models are on the card (one that is being loaded counts) than there may be.
  bool too_many_loaded() const;
  /// The idle model to give up for room, out of the residency already: those to be kept for ever go last, and
  /// else the one that was used longest ago first. Empty when there is none.
  std::optional<std::string> evict();

  // What is so.

  /// Requests; models to be brought back are none.
  std::size_t waiting() const noexcept { return queue_.size() - restores_queued_; }
  std::size_t running() const noexcept { return running_.size(); }
  /// Requests for the model that have been admitted and not ended.
  std::size_t running(const std::string& digest) const;
  /// A request for the model waits, or its turn to be brought back.
  bool wanted(const std::string& digest) const;
  Residency& residency() noexcept { return residency_; }
  const Residency& residency() const noexcept { return residency_; }

 private:
  /// How bringing a missed model back goes on.
  struct Attempts {
    std::chrono::nanoseconds pause = kRestorePause;  // after the next one
    Time not_before = Time::min();
    bool queued = false;
  };

  static bool is_restore(const Ticket& ticket) noexcept { return ticket.id >= kRestoreIds; }
  void queue_restores(Time now);
  Time next_restore() const;
  std::optional<Ticket> next_admissible(const FreeSlots& free_slots);
  std::optional<std::string> next_to_unload(Time now) const;
  bool has_room(const std::string& digest, const FreeSlots& free_slots) const;
  bool could_begin(const Ticket& waiting, const FreeSlots& free_slots) const;
  void forget_overtaking(const Ticket& gone);

  const PolicyOptions options_;
  FairQueue<Ticket> queue_;
  std::map<std::uint64_t, std::string> running_;    // digests by request
  std::map<std::string, std::size_t> overtakings_;  // of loads that are waited for
  Residency residency_;
  std::map<std::string, Attempts> attempts_;  // by digest, of missed models
  std::size_t restores_queued_ = 0;
  std::uint64_t last_restore_ = kRestoreIds;
};

}  // namespace axllama::serving
