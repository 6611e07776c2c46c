#pragma once

#include <memory>
#include <vector>

#include "text/constraint/machine.h"
#include "text/constraint/token_vocabulary.h"

namespace axllama::text {

/// The tokens that may follow a configuration: a base that many masks share, and others.
struct TokenMask {
  std::shared_ptr<const TokenBits> base;  // null: none
  std::vector<TokenId> more;
  bool empty = true;
  bool shares_base = true;

  /// Memory that is not shared.
  std::size_t bytes() const noexcept {
    const std::size_t own = shares_base ? 0 : base->size() * sizeof(std::uint64_t);
    return sizeof(TokenMask) + own + more.size() * sizeof(TokenId);
  }
  /// Writes the whole mask. [words]
  void write(TokenBits& bits) const;
};

/// The mask of `config`, end-of-sequence tokens included where it is accepting. Within a run of characters
/// (a JSON string) only tokens that leave it are walked one by one. A mask that would cost more than
/// ConstraintLimits allow holds some of its tokens only, single bytes among them.
TokenMask compute_mask(Machine& machine, Machine::Config config, const TokenVocabulary& vocabulary);

}  // namespace axllama::text
