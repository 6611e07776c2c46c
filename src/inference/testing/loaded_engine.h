#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "inference/engine.h"
#include "inference/random.h"
#include "inference/testing/test_card.h"

namespace axllama::inference {

inline std::vector<text::TokenId> random_tokens(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<text::TokenId> tokens(count);
  for (text::TokenId& token : tokens) {
    token = static_cast<text::TokenId>(random.next() % 256);
  }
  return tokens;
}

inline GenerationRequest greedy(std::vector<text::TokenId> prompt, int max_tokens) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.sampling.temperature = 0;
  request.max_tokens = max_tokens;
  request.ignore_end_of_sequence = true;
  request.speculate = false;
  return request;
}

struct Answer {
  std::vector<text::TokenId> tokens;
  TokenEvent last;

  bool step(Engine::Generation& generation) {
    generation.begin_step();
    generation.await_step();
    return finish(generation);
  }
  /// A step whose card's part is done.
  bool finish(Engine::Generation& generation) {
    last = generation.finish_step();
    tokens.insert(tokens.end(), last.tokens.begin(), last.tokens.end());
    return !last.done;
  }
};

inline Answer run(Engine& engine, const GenerationRequest& request) {
  const auto generation = engine.start(request);
  Answer answer;
  while (answer.step(*generation)) {
  }
  return answer;
}

/// A random model loaded on the software card.
class Loaded {
 public:
  explicit Loaded(const testing::RandomModel& model = {}, const EngineOptions& options = {})
      : package(model), engine(Engine::load(card.card(), package.open(), {}, options)) {}

  TestCard card;
  TestPackage package;
  std::unique_ptr<Engine> engine;
};

}  // namespace axllama::inference
