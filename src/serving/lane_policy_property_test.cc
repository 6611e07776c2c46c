// A million random steps of a card that does what the policy says: whatever comes in whatever order, the
// promises of lane_policy.h hold. Every failure repeats with its seed.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "serving/lane_policy.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using Time = LanePolicy::Time;

constexpr std::size_t kClients = 4;
constexpr std::size_t kModels = 5;
constexpr std::size_t kMaxQueue = 12;
constexpr std::size_t kMaxLoaded = 3;
constexpr std::size_t kParallel = 3;
constexpr std::uint64_t kRoom = 10;
constexpr std::array<std::uint64_t, kModels> kSizes{3, 4, 5, 2, 11};  // the last never fits
constexpr std::array<std::size_t, kModels> kSlots{1, 2, 4, 1, 1};
constexpr std::size_t kPinned = 3;
constexpr std::array<std::size_t, 2> kWithDrafts{1, 2};  // models that some requests want a draft for
constexpr std::array<const char*, 2> kDrafts{"small", "other"};
constexpr std::chrono::seconds kKeepAlive = 20s;

// While a request waits for its model, or its draft, to be loaded, each line of requests before it has a
// turn, and a few behind it overtake; these may do so anew after its model came for another in front of it
// and went again, and after the pinned model came back in front of it.
constexpr std::size_t kLoads = kModels + kWithDrafts.size() * kDrafts.size();
constexpr std::size_t kLines = 2 * kClients * kLoads;
constexpr std::size_t kMostBefore = kLines + LanePolicy::kMostOvertakings * (2 + 2 * kClients);

std::string name_of(std::size_t model) {
  return std::string(1, static_cast<char>('a' + model));
}
std::size_t model_of(const std::string& digest) {
  return static_cast<std::size_t>(digest[0] - 'a');
}

/// A request as the world outside of the policy sees it.
struct Asked {
  Ticket ticket;
  std::size_t overtaken = 0;  // while its model waited to be loaded
  std::map<std::string, std::size_t> slots_of_clients =
      {};  // taken for its model while it was its client's first
};

/// A card and its clients. Keeps its own books and compares.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) { policy_.residency().pin(name_of(kPinned)); }

  /// One thing happens, or one action is done. In some stretches everything happens, in others the card is
  /// never idle, and others come without end while somebody waits for a model that is not there.
  void step() {
    if (steps_++ / 3'000 % 3 == 2) {
      step_when_busy();
    } else {
      step_anyhow();
    }
    check();
  }

  /// Nothing new comes: everybody who waits is served, in a bounded number of steps.
  void drain() {
    for (std::size_t steps = 0; !waiting_.empty() || !running_.empty(); ++steps) {
      ASSERT_LT(steps, 20 * kMaxQueue);
      if (!act()) {
        end_one();
      }
      check();
    }
    card_works_ = true;
    now_ += 1h;
    while (act()) {
    }
    ASSERT_FALSE(missed_) << "the pinned model does not come back";
    card_works_ = false;
    for (const std::string& digest : resident_) {
      ASSERT_TRUE(digest == name_of(kPinned) || forever_.contains(digest)) << digest;
    }
    ASSERT_EQ(submitted_, refused_ + withdrawn_ + expired_ + served_ + failed_);
  }

  std::size_t served() const { return served_; }
  std::size_t evictions() const { return evictions_; }
  std::size_t expired() const { return expired_; }
  std::size_t failed() const { return failed_; }
  std::size_t refused() const { return refused_; }
  std::size_t unloaded() const { return unloaded_; }
  std::size_t put_back() const { return put_back_; }
  std::size_t most_overtaken() const { return most_overtaken_; }
  std::size_t restored() const { return restored_; }
  std::size_t restores_failed() const { return restores_failed_; }
  std::size_t sure_to_advance() const { return sure_to_advance_; }
  std::size_t drafts_loaded() const { return drafts_loaded_; }

 private:
  std::size_t pick(std::size_t below) { return static_cast<std::size_t>(random_() % below); }

  void step_anyhow() {
    const std::size_t what = pick(100);
    if (what < 30) {
      submit();
    } else if (what < 34) {
      withdraw();
    } else if (what < 50) {
      end_one();
    } else if (what < 53) {
      now_ += std::chrono::seconds(pick(8));
    } else if (what < 54) {
      request_unload();
    } else if (what < 55 && pick(5) == 0) {
      lose_card();
    } else {
      act();
    }
  }

  void step_when_busy() {
    if (pick(2) == 0) {
      const bool for_one_there = !resident_.empty() && pick(20) != 0;
      auto there = resident_.begin();
      std::advance(there, for_one_there ? static_cast<std::ptrdiff_t>(pick(resident_.size())) : 0);
      submit(for_one_there ? *there : name_of(pick(kModels)), std::nullopt);
      return;
    }
    while (act()) {
    }
    if (!running_.empty()) {
      end(running_.begin()->first, running_.begin()->second.digest);  // the oldest
      ++served_;
    }
  }

  void submit() {
    std::optional<Time> deadline;
    if (pick(20) == 0) {
      deadline = now_ + std::chrono::seconds(pick(6));
    }
    submit(name_of(pick(kModels)), deadline);
  }
  void submit(const std::string& digest, std::optional<Time> deadline) {
    Asked asked;
    asked.ticket.id = ++submitted_;
    asked.ticket.client = std::string(1, static_cast<char>('u' + pick(kClients)));
    asked.ticket.digest = digest;
    asked.ticket.needs_slot = pick(10) != 0;
    asked.ticket.deadline = deadline;
    const bool may_want_draft =
        std::find(kWithDrafts.begin(), kWithDrafts.end(), model_of(digest)) != kWithDrafts.end();
    if (may_want_draft && pick(3) == 0) asked.ticket.draft = kDrafts[pick(kDrafts.size())];
    const bool full = waiting_.size() >= kMaxQueue;
    ASSERT_EQ(policy_.submit(asked.ticket), !full);
    if (full) {
      ++refused_;
    } else {
      order_.push_back(asked.ticket.id);
      waiting_.emplace(asked.ticket.id, std::move(asked));
    }
  }

  void leave_queue(std::uint64_t id) {
    ASSERT_EQ(waiting_.erase(id), 1U) << "of a request that does not wait: " << id;
    order_.erase(std::find(order_.begin(), order_.end(), id));
  }

  void withdraw() {
    const std::uint64_t id = submitted_ == 0 ? 1 : 1 + pick(submitted_);
    const auto somebody = pick(2) == 0 && !order_.empty() ? order_[pick(order_.size())] : id;
    const bool waits = waiting_.contains(somebody);
    const std::size_t before = policy_.waiting();
    ASSERT_EQ(policy_.withdraw(somebody).has_value(), waits);
    ASSERT_EQ(policy_.waiting(), before - (waits ? 1 : 0)) << "it leaves at once";
    if (waits) {
      leave_queue(somebody);
      ++withdrawn_;
    }
  }

  void end_one() {
    if (running_.empty()) {
      return;
    }
    auto running = running_.begin();
    std::advance(running, static_cast<std::ptrdiff_t>(pick(running_.size())));
    end(running->first, running->second.digest);
    ++served_;
  }
  void end(std::uint64_t id, const std::string& digest) {
    policy_.residency().end_use(digest, now_);
    idle_since_[digest] = now_;
    policy_.ended(id);
    running_.erase(id);
  }

  void request_unload() {
    const std::string digest = name_of(pick(kModels));
    const bool is_missed = missed_ && digest == name_of(kPinned);
    ASSERT_EQ(policy_.residency().request_unload(digest), resident_.contains(digest) || is_missed);
    if (is_missed) {
      missed_ = false;
      no_attempt_before_ = Time::min();
    }
    if (resident_.contains(digest)) {
      unload_requested_.insert(digest);
    }
  }

  /// The card fails and what runs with it.
  void lose_card() {
    policy_.residency().lose_all();
    const std::string pinned = name_of(kPinned);
    missed_ = missed_ || (resident_.contains(pinned) && !unload_requested_.contains(pinned));
    resident_.clear();
    drafts_.clear();
    unload_requested_.clear();
    keep_alives_.clear();
    forever_.clear();
    while (!running_.empty()) {
      end(running_.begin()->first, running_.begin()->second.digest);
      ++failed_;
    }
  }

  std::size_t users(const std::string& digest) const {
    return static_cast<std::size_t>(std::count_if(running_.begin(), running_.end(),
                                                  [&](const auto& r) { return r.second.digest == digest; }));
  }
  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const std::string& digest : resident_) {
      bytes += kSizes[model_of(digest)];
    }
    return bytes;
  }
  bool wanted(const std::string& digest) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const auto& w) { return w.second.ticket.digest == digest; });
  }
  /// The idle model's time is over.
  bool is_due(const std::string& digest) const {
    const auto kept = keep_alives_.find(digest);
    const std::chrono::seconds keep_alive = kept == keep_alives_.end() ? kKeepAlive : kept->second;
    const bool stays = digest == name_of(kPinned) || forever_.contains(digest);
    return users(digest) == 0 &&
           (unload_requested_.contains(digest) || (!stays && idle_since_.at(digest) + keep_alive <= now_));
  }
  bool something_is_due() const {
    return std::any_of(resident_.begin(), resident_.end(),
                       [&](const std::string& digest) { return is_due(digest) && !wanted(digest); });
  }

  /// Does what the policy says; false when that is to wait.
  bool act() {
    const LanePolicy::FreeSlots free_slots = [this](const std::string& digest) {
      return kSlots[model_of(digest)] - std::min(users(digest), kSlots[model_of(digest)]);
    };
    const bool sure_to_advance = policy_.only_advances(now_, free_slots);
    const LanePolicy::Action action = policy_.next(now_, free_slots);
    if (sure_to_advance) {
      EXPECT_TRUE(std::holds_alternative<LanePolicy::Advance>(action)) << "it was sure to go on";
      ++sure_to_advance_;
    }
    if (const auto* expire = std::get_if<LanePolicy::Expire>(&action)) {
      EXPECT_LE(expire->ticket.deadline.value(), now_);
      leave_queue(expire->ticket.id);
      ++expired_;
    } else if (const auto* unload = std::get_if<LanePolicy::Unload>(&action)) {
      EXPECT_TRUE(is_due(unload->digest)) << unload->digest << " goes too early";
      EXPECT_FALSE(wanted(unload->digest));
      remove(unload->digest);
      ++unloaded_;
    } else if (const auto* admit = std::get_if<LanePolicy::Admit>(&action)) {
      begin(admit->ticket);
    } else if (const auto* restore = std::get_if<LanePolicy::Restore>(&action)) {
      bring_back(*restore);
    } else {
      EXPECT_FALSE(something_is_due()) << "a keep-alive is not honoured";
      if (const auto* rest = std::get_if<LanePolicy::Rest>(&action)) {
        EXPECT_GT(rest->until, now_);
        EXPECT_TRUE(running_.empty());
        EXPECT_TRUE(waiting_.empty()) << "somebody waits for nothing";
        return false;
      }
      EXPECT_FALSE(running_.empty());
      return false;
    }
    return true;
  }

  /// The pinned model's turn; sometimes the card does not work yet.
  void bring_back(const LanePolicy::Restore& restore) {
    EXPECT_TRUE(missed_) << "nobody misses it";
    EXPECT_EQ(restore.model.digest, name_of(kPinned));
    EXPECT_TRUE(running_.empty()) << "a load while answers are generated";
    EXPECT_GE(restore.id, LanePolicy::kRestoreIds);
    EXPECT_GE(now_, no_attempt_before_);
    const bool works = card_works_ || pick(3) != 0;
    if (works && load(restore.model.digest)) {
      ++restored_;
    } else {
      ++restores_failed_;
      no_attempt_before_ = now_ + LanePolicy::kRestorePause;
    }
    policy_.ended(restore.id);
  }

  void remove(const std::string& digest) {
    EXPECT_EQ(resident_.erase(digest), 1U);
    drafts_.erase(digest);
    unload_requested_.erase(digest);
    keep_alives_.erase(digest);
    forever_.erase(digest);
  }

  /// All that the request needs is on the card.
  bool is_ready(const Ticket& ticket) const {
    return resident_.contains(ticket.digest) &&
           (ticket.draft.empty() ||
            (drafts_.contains(ticket.digest) && drafts_.at(ticket.digest) == ticket.draft));
  }

  /// The first that waits of its line: the same client, the same model and draft, a slot or not.
  bool is_first(const Asked& asked) const {
    for (const std::uint64_t id : order_) {
      const Ticket& other = waiting_.at(id).ticket;
      if (other.client == asked.ticket.client && other.digest == asked.ticket.digest &&
          other.draft == asked.ticket.draft && other.needs_slot == asked.ticket.needs_slot) {
        return id == asked.ticket.id;
      }
    }
    return false;
  }

  void note_overtakings(const Ticket& admitted) {
    for (auto& [id, asked] : waiting_) {
      if (id == admitted.id || !is_first(asked)) {
        continue;
      }
      const Ticket& ticket = asked.ticket;
      if (!is_ready(ticket)) {
        EXPECT_LE(++asked.overtaken, kMostBefore) << id;
        most_overtaken_ = std::max(most_overtaken_, asked.overtaken);
      } else if (admitted.digest == ticket.digest && admitted.draft == ticket.draft && admitted.needs_slot &&
                 ticket.needs_slot) {
        EXPECT_LE(++asked.slots_of_clients[admitted.client], 1U)
            << admitted.client << " had two turns before " << ticket.client;
      }
    }
  }

  void begin(const Ticket& ticket) {
    ASSERT_TRUE(waiting_.contains(ticket.id)) << "twice, or after it was given up: " << ticket.id;
    EXPECT_EQ(waiting_.at(ticket.id).ticket.digest, ticket.digest);
    EXPECT_TRUE(is_first(waiting_.at(ticket.id))) << "a client's own order";
    note_overtakings(ticket);
    if (!is_ready(ticket)) {
      EXPECT_TRUE(running_.empty()) << "a load while answers are generated";
      if ((!resident_.contains(ticket.digest) && !load(ticket.digest)) || !load_draft(ticket)) {
        leave_queue(ticket.id);
        policy_.ended(ticket.id);
        ++failed_;
        return;
      }
    }
    const std::size_t before = users(ticket.digest);
    if (ticket.needs_slot && before > 0) {
      EXPECT_LT(before, std::min(kParallel, kSlots[model_of(ticket.digest)]));
      if (pick(25) == 0) {  // the slot was not there after all
        const Asked same{ticket};
        policy_.put_back(ticket);
        ++put_back_;
        // It is next of all, not of its line only: nobody counts turns by it.
        waiting_.at(ticket.id) = same;
        for (auto& [id, asked] : waiting_) {
          asked.slots_of_clients.clear();
        }
        return;
      }
    }
    leave_queue(ticket.id);
    use(ticket.digest);
    running_.emplace(ticket.id, ticket);
    if (!ticket.needs_slot) {
      end(ticket.id, ticket.digest);
      ++served_;
    }
  }

  bool load(const std::string& digest) {
    policy_.residency().begin_load({digest, digest, nullptr}, 1);
    policy_.residency().begin_use(digest, {});  // as the lane, so that it is not its own victim
    bool fits = true;
    while (fits && (policy_.too_many_loaded() || used() + kSizes[model_of(digest)] > kRoom)) {
      const std::optional<std::string> victim = policy_.evict();
      if (victim) {
        EXPECT_NE(*victim, digest);
        EXPECT_EQ(users(*victim), 0U) << "evicted in use";
        EXPECT_NE(*victim, name_of(kPinned)) << "evicted though pinned";
        remove(*victim);
        ++evictions_;
      }
      fits = victim.has_value();
    }
    if (!fits) {
      policy_.residency().remove(digest);
      return false;
    }
    policy_.residency().loaded(digest, kSizes[model_of(digest)], 128);
    policy_.residency().end_use(digest, now_);
    idle_since_[digest] = now_;
    resident_.insert(digest);
    if (digest == name_of(kPinned)) {
      missed_ = false;
      no_attempt_before_ = Time::min();
    }
    return true;
  }

  /// Loading the draft that a request wants, if it does, is given up now and then, and the request with it.
  bool load_draft(const Ticket& ticket) {
    if (ticket.draft.empty()) {
      return true;
    }
    Residency& residency = policy_.residency();
    residency.begin_draft(ticket.digest,
                          std::make_shared<const ModelReference>(ticket.draft, ticket.draft, nullptr));
    if (pick(10) == 0) {
      residency.forget_draft(ticket.digest);
      drafts_.erase(ticket.digest);
      return false;
    }
    const bool guesses = pick(5) != 0;  // one that cannot is not tried again, and the answer comes without
    residency.end_draft(ticket.digest, guesses ? "" : "It does not fit.", kSizes[model_of(ticket.digest)]);
    drafts_[ticket.digest] = ticket.draft;
    ++drafts_loaded_;
    return true;
  }

  void use(const std::string& digest) {
    std::optional<KeepAlive> keep_alive;
    if (pick(10) == 0) {
      keep_alive = KeepAlive{pick(4) == 0 ? KeepAlive::kForever : std::chrono::seconds(pick(30))};
      if (digest != name_of(kPinned)) {
        forever_.erase(digest);
        keep_alives_.erase(digest);
        if (keep_alive->duration == KeepAlive::kForever) {
          forever_.insert(digest);
        } else {
          keep_alives_[digest] = std::chrono::duration_cast<std::chrono::seconds>(keep_alive->duration);
        }
      }
    }
    policy_.residency().begin_use(digest, keep_alive);
  }

  void check() const {
    ASSERT_EQ(policy_.waiting(), waiting_.size());
    ASSERT_LE(policy_.waiting(), kMaxQueue);
    ASSERT_EQ(policy_.running(), running_.size());
    ASSERT_EQ(policy_.residency().size(), resident_.size());
    ASSERT_LE(resident_.size(), kMaxLoaded);
    ASSERT_LE(used(), kRoom);
    for (const auto& [id, ticket] : running_) {
      ASSERT_TRUE(policy_.residency().contains(ticket.digest)) << "its model is gone: " << id;
    }
  }

  std::mt19937_64 random_;
  Time now_{1000s};
  LanePolicy policy_{{.max_queue = kMaxQueue,
                      .parallel = kParallel,
                      .max_loaded = kMaxLoaded,
                      .default_keep_alive = kKeepAlive}};
  std::map<std::uint64_t, Asked> waiting_;
  std::vector<std::uint64_t> order_;  // of those that wait, as they came
  std::map<std::uint64_t, Ticket> running_;
  std::set<std::string> resident_;
  std::map<std::string, std::string> drafts_;  // loaded for a resident model
  std::set<std::string> unload_requested_;
  std::set<std::string> forever_;
  std::map<std::string, std::chrono::seconds> keep_alives_;  // where they are not the usual
  std::map<std::string, Time> idle_since_;
  std::size_t steps_ = 0;
  std::uint64_t submitted_ = 0;
  std::size_t refused_ = 0, withdrawn_ = 0, expired_ = 0, served_ = 0, failed_ = 0;
  std::size_t evictions_ = 0, unloaded_ = 0, put_back_ = 0, most_overtaken_ = 0;
  bool missed_ = false;      // the pinned model was lost with the card and has not come back
  bool card_works_ = false;  // for certain
  Time no_attempt_before_ = Time::min();
  std::size_t restored_ = 0, restores_failed_ = 0, sure_to_advance_ = 0, drafts_loaded_ = 0;
};

class LanePolicyProperties : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(LanePolicyProperties, HoldOverRandomSteps) {
  World world(GetParam());
  for (std::size_t step = 0; step < 100'000; ++step) {
    world.step();
    if (step % 20'000 == 19'999) {
      world.drain();
    }
    ASSERT_FALSE(HasFailure()) << "step " << step << " of seed " << GetParam();
  }
  // The steps went everywhere.
  EXPECT_GT(world.served(), 5'000U);
  EXPECT_GT(world.evictions(), 500U);
  EXPECT_GT(world.unloaded(), 50U);
  EXPECT_GT(world.expired(), 50U);
  EXPECT_GT(world.failed(), 100U);
  EXPECT_GT(world.refused(), 100U);
  EXPECT_GT(world.put_back(), 20U);
  EXPECT_GT(world.most_overtaken(), LanePolicy::kMostOvertakings);
  EXPECT_GT(world.restored(), 5U);
  EXPECT_GT(world.restores_failed(), 2U);
  EXPECT_GT(world.sure_to_advance(), 2'000U);
  EXPECT_GT(world.drafts_loaded(), 500U);
}

INSTANTIATE_TEST_SUITE_P(AMillionSteps, LanePolicyProperties, ::testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace axllama::serving
