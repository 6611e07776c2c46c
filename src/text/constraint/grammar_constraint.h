#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "text/constraint/automaton.h"
#include "text/constraint/constraint.h"
#include "text/constraint/machine.h"
#include "text/constraint/token_mask.h"
#include "text/constraint/token_vocabulary.h"

namespace axllama::text {

/// A grammar for one vocabulary. All answers under it share what was computed: configurations and masks.
class GrammarConstraint final : public Constraint {
 public:
  GrammarConstraint(Automaton automaton, std::shared_ptr<const TokenVocabulary> vocabulary);

  std::unique_ptr<ConstraintState> start() const override;

  /// What has been computed, until it takes too much memory and a new one begins.
  struct Memory {
    explicit Memory(const Automaton& automaton) : machine(automaton) {}
    Machine machine;
    std::unordered_map<Machine::Config, std::shared_ptr<const TokenMask>> masks;
    std::size_t mask_bytes = 0;
  };

  /// A configuration, and the memory it is a number in.
  struct Place {
    std::shared_ptr<Memory> memory;
    Machine::Config config = Machine::kDead;
  };

  Place first_place() const;
  std::shared_ptr<const TokenMask> mask(Place& place) const;
  /// False, and nothing changes, when the bytes cannot follow.
  bool advance(Place& place, std::string_view bytes) const;
  bool accepting(const Place& place) const;
  const TokenVocabulary& vocabulary() const noexcept { return *vocabulary_; }

 private:
  /// Moves the place to the present memory, and begins a new one when that is full. Under the lock.
  void refresh(Place& place) const;

  Automaton automaton_;
  std::shared_ptr<const TokenVocabulary> vocabulary_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<Memory> memory_;
};

}  // namespace axllama::text
