#include "inference/cached_sequence.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace axllama::inference {
namespace {

/// A conversation that is about to be overwritten is saved when computing it again would cost so many times
/// what saving it does: it may never come back.
constexpr double kSavingFactor = 4;

/// Seconds that a disk is waited for in any case: a busy host is slow at times.
constexpr double kLeastPatience = 0.5;
/// And at most while it is not known what computing costs.
constexpr double kBlindPatience = 30;

}  // namespace

CachedSequence::CachedSequence(ModelRunner& runner, std::shared_ptr<KvTier> tier,
                               std::span<const text::TokenId> tokens, const SequencePlan& plan,
                               std::unique_ptr<DraftRunner> draft)
    : runner_(runner),
      tier_(std::move(tier)),
      plan_(plan),
      slot_(runner.slots().acquire(tokens)),
      draft_(std::move(draft)) {}

CachedSequence::~CachedSequence() {
  abandon_work();
  transfer_.reset();
  slot_.saved = slot_.saved || !plan_.keep;
  runner_.slots().release(slot_);
}

void CachedSequence::forget() noexcept {
  abandon_work();
  transfer_.reset();
  runner_.distrust(slot_);
  if (draft_) {
    draft_->forget();
  }
}

/// True when there is something to save: the transfer is under way then.
bool CachedSequence::save_what_would_be_lost(std::size_t kept) {
  const std::size_t size = slot_.cache.size();
  if (std::exchange(looked_at_old_, true) || !tier_ || slot_.saved || kept == size ||
      !transfer_pays(runner_, size - kept, runner_.prefill_cost(kept, size), kSavingFactor)) {
    return false;
  }
  transfer_ = store_in_tier(*tier_, runner_, slot_);
  return transfer_ != nullptr;
}

/// Takes the beginning of `tokens` from where it is cheapest; true when that was an engine call (or the first
/// of several).
bool CachedSequence::fetch(std::span<const text::TokenId> tokens) {
  KvCache& cache = slot_.cache;
  fetched_ = true;
  slot_.pinned = plan_.pinned;
  if (!plan_.reuse) {
    cache.forget(false);
    reused_ = 0;
    return false;
  }
  reused_ = cache.keep_common_prefix(tokens);
  double cheapest = runner_.prefill_cost(reused_, tokens.size());
  const KvSlot* source = nullptr;
  if (const KvSlot* other = runner_.slots().longest_match(tokens, &slot_)) {
    const std::size_t common = other->cache.common_prefix(tokens);
    if (common > reused_) {
      const double cost = runner_.costs().costs().copy + runner_.prefill_cost(common, tokens.size());
      source = cost < cheapest ? other : nullptr;
      cheapest = std::min(cost, cheapest);
    }
  }
  const std::size_t on_card = source != nullptr ? source->cache.common_prefix(tokens) : reused_;
  const std::size_t in_tier = tier_ ? std::min(tier_->longest_match(tokens), tokens.size() - 1) : 0;
  if (in_tier > on_card &&
      load_pays(tokens, in_tier, cheapest - runner_.prefill_cost(in_tier, tokens.size()))) {
    std::unique_ptr<KvSource> rows = tier_->load(tokens);
    if (rows && rows->tokens() > on_card) {
      reused_ = std::min(rows->tokens(), tokens.size() - 1);
      transfer_ = load_from_tier(std::move(rows), runner_, slot_, tokens);
      return true;
    }
  }
  if (source != nullptr) {
    runner_.copy(slot_, *source, on_card);
    reused_ = on_card;
    return true;
  }
  return false;
}

/// Whether bringing the first `count` of `tokens` from the tier takes less time than computing them, which
/// costs `cost`. A disk reads ahead while rows that it has read are moved. It may turn out to be slower than
/// it was, or hang: then it is waited for only so long as computing takes.
bool CachedSequence::load_pays(std::span<const text::TokenId> tokens, std::size_t count, double cost) {
  const bool known = runner_.costs().measured();
  patience_ = known ? std::max(cost, kLeastPatience) : kBlindPatience;
  return transfer_pays(runner_, count - reused_, cost) &&
         (!known || tier_->read_seconds(tokens, reused_) < cost);
}

/// A step of the transfer; when it fails, or its disk is too slow, there is nothing more to take from the
/// tier.
void CachedSequence::move_rows() {
  const bool over = transfer_->step();
  const bool failed = over && slot_.cache.size() < reused_;  // the rows were unusable
  const bool too_slow =
      !over && std::chrono::duration<double>(transfer_->waited()).count() > patience_ && transfer_->waits();
  if (over || too_slow) {
    waited_ += transfer_->waited();
    transfer_.reset();
  }
  if (failed || too_slow) {
    tier_.reset();
    fetched_ = false;
  }
}

void CachedSequence::abandon_work() noexcept {
  if (std::exchange(at_work_, false)) {
    runner_.abandon(slot_);
  }
}

/// Fetching takes turns with the card.
bool CachedSequence::submits(std::span<const text::TokenId> tokens) const {
  return runner_.asynchronous() && fetched_ && !transfer_ &&
         slot_.cache.common_prefix(tokens) == slot_.cache.size();
}

void CachedSequence::decode(text::TokenId token) {
  at_work_ = true;
  runner_.decode(slot_, token);
}

void CachedSequence::wait() {
  runner_.wait();
  at_work_ = false;
}

bool CachedSequence::prefill(std::span<const text::TokenId> tokens) {
  const std::size_t common = plan_.reuse || fetched_ ? slot_.cache.common_prefix(tokens) : 0;
  evaluated_ = false;
  if (!transfer_ && common != slot_.cache.size()) {
    fetched_ = false;  // another sequence from here on, as after a context shift
  }
  if (!transfer_ && !fetched_ && save_what_would_be_lost(common)) {
    return false;
  }
  if (transfer_) {
    move_rows();
    return false;
  }
  slot_.cache.make_trustworthy();
  if (!fetched_ && fetch(tokens)) {
    return false;
  }
  at_work_ = true;
  evaluated_ = true;
  return runner_.prefill(slot_, tokens);
}

std::span<const base::Bf16> CachedSequence::States::evaluated() {
  return sequence_.evaluated_ ? sequence_.runner_.evaluated_states() : std::span<const base::Bf16>();
}

std::optional<std::size_t> CachedSequence::Guesses::group() const {
  return sequence_.runner_.guess_group(sequence_.slot_.cache.size());
}

std::size_t CachedSequence::Guesses::longest() const {
  const KvCache& cache = sequence_.slot_.cache;
  const std::optional<std::size_t> chosen = group();
  return chosen ? std::min(sequence_.runner_.prefill_groups()[*chosen].rows,
                           cache.shape().context - cache.size())
                : 0;
}

void CachedSequence::Guesses::evaluate(std::span<const text::TokenId> tokens) {
  tokens_.assign(tokens.begin(), tokens.end());
  sequence_.runner_.evaluate_guess(sequence_.slot_, group().value(), tokens);
}

Logits CachedSequence::Guesses::logits(std::size_t row, LogitsWanted wanted) {
  return sequence_.runner_.guess_logits(sequence_.slot_, row, wanted);
}

void CachedSequence::Guesses::keep(std::size_t count) {
  sequence_.runner_.keep_guess(sequence_.slot_, std::span(tokens_).first(count));
}

SpeculationCosts CachedSequence::Guesses::costs() const {
  const std::optional<std::size_t> chosen = group();
  return chosen ? sequence_.runner_.speculation_costs(*chosen) : SpeculationCosts{};
}

}  // namespace axllama::inference
