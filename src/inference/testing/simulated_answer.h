#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inference/generation_loop.h"
#include "inference/testing/simulated_model.h"

namespace axllama::inference {

struct SimulatedAnswer {
  std::string text;
  std::vector<text::TokenId> tokens;
  std::vector<TokenLogprob> logprobs;
  TokenEvent last;
};

/// The whole answer of a model in the byte tokenizer's words.
inline SimulatedAnswer answer_of(SimulatedModel& model, const GenerationRequest& request,
                                 std::size_t context_length) {
  GenerationLoop loop(model.sequence(), request, byte_tokenizer(), context_length);
  SimulatedAnswer answer;
  while (!answer.last.done) {
    answer.last = loop.step();
    answer.text += answer.last.text;
    answer.tokens.insert(answer.tokens.end(), answer.last.tokens.begin(), answer.last.tokens.end());
    answer.logprobs.insert(answer.logprobs.end(), answer.last.logprobs.begin(), answer.last.logprobs.end());
  }
  return answer;
}

}  // namespace axllama::inference
