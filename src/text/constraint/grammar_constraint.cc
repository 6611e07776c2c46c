#include "text/constraint/grammar_constraint.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

class State final : public ConstraintState {
 public:
  explicit State(const GrammarConstraint& constraint)
      : constraint_(constraint), place_(constraint.first_place()) {}

  TokenSet allowed() override {
    const TokenVocabulary& vocabulary = constraint_.vocabulary();
    if (ended_) {
      bits_.assign(vocabulary.words(), 0);
      for (const TokenId token : vocabulary.ends()) add_token(bits_, token);
      shown_.reset();
      return bits_;
    }
    auto mask = constraint_.mask(place_);
    if (mask->empty) {
      throw base::Error(base::ErrorCode::kUnsupported,
                        "No token of the model's vocabulary can continue the answer as its format demands.");
    }
    if (mask != shown_) {
      bits_.resize(vocabulary.words());
      mask->write(bits_);
      shown_ = std::move(mask);
    }
    return bits_;
  }

  void accept(TokenId token) override {
    const bool possible = constraint_.vocabulary().is_end(token)
                              ? complete()
                              : !ended_ && constraint_.advance(place_, constraint_.vocabulary().bytes(token));
    if (!possible) {
      throw base::Error(base::ErrorCode::kInternal,
                        "The token " + std::to_string(token) + " was chosen against the answer's format.");
    }
    ended_ = ended_ || constraint_.vocabulary().is_end(token);
  }

  bool complete() const override { return ended_ || constraint_.accepting(place_); }

  std::unique_ptr<ConstraintState> clone() const override {
    auto copy = std::make_unique<State>(*this);
    copy->shown_.reset();
    copy->bits_.clear();
    return copy;
  }

 private:
  const GrammarConstraint& constraint_;
  GrammarConstraint::Place place_;
  bool ended_ = false;  // by an end-of-sequence token
  TokenBits bits_;
  std::shared_ptr<const TokenMask> shown_;  // what is in bits_
};

}  // namespace

GrammarConstraint::GrammarConstraint(Automaton automaton, std::shared_ptr<const TokenVocabulary> vocabulary)
    : automaton_(std::move(automaton)), vocabulary_(std::move(vocabulary)) {}

std::unique_ptr<ConstraintState> GrammarConstraint::start() const {
  return std::make_unique<State>(*this);
}

GrammarConstraint::Place GrammarConstraint::first_place() const {
  const std::lock_guard lock(mutex_);
  if (!memory_) memory_ = std::make_shared<Memory>(automaton_);
  return {memory_, memory_->machine.start()};
}

void GrammarConstraint::refresh(Place& place) const {
  if (memory_->machine.bytes() > kConstraintLimits.max_machine_bytes ||
      memory_->mask_bytes > kConstraintLimits.max_mask_bytes) {
    memory_ = std::make_shared<Memory>(automaton_);
  }
  if (place.memory != memory_) {
    place = {memory_, memory_->machine.import(place.memory->machine, place.config)};
  }
}

std::shared_ptr<const TokenMask> GrammarConstraint::mask(Place& place) const {
  const std::lock_guard lock(mutex_);
  refresh(place);
  auto& mask = place.memory->masks[place.config];
  if (!mask) {
    mask = std::make_shared<const TokenMask>(compute_mask(place.memory->machine, place.config, *vocabulary_));
    place.memory->mask_bytes += mask->bytes();
  }
  return mask;
}

bool GrammarConstraint::advance(Place& place, std::string_view bytes) const {
  if (bytes.empty()) return false;
  const std::lock_guard lock(mutex_);
  refresh(place);
  Machine::Config config = place.config;
  for (const char byte : bytes) {
    config = place.memory->machine.step(config, static_cast<std::uint8_t>(byte));
    if (config == Machine::kDead) return false;
  }
  place.config = config;
  return true;
}

bool GrammarConstraint::accepting(const Place& place) const {
  const std::lock_guard lock(mutex_);
  return place.memory->machine.accepting(place.config);
}

}  // namespace axllama::text
