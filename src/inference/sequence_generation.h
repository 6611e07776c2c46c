#pragma once

#include <memory>
#include <vector>

#include "inference/cached_sequence.h"
#include "inference/engine.h"
#include "inference/sequence_runner.h"

namespace axllama::inference {

/// A generation that computes over a sequence and can go on with another one.
class SequenceGeneration : public Engine::Generation {
 public:
  /// Goes on with another sequence, made by plan(), which has to compute tokens().
  virtual void resume(std::unique_ptr<SequenceRunner> sequence) = 0;
  virtual const std::vector<text::TokenId>& tokens() const noexcept = 0;
  virtual SequencePlan plan() const noexcept = 0;
};

}  // namespace axllama::inference
