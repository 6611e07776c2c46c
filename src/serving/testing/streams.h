#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "serving/service.h"

namespace axllama::serving {

using Stream = std::shared_ptr<ResponseStream>;

/// A model for a FakeCard.
inline ModelReference model(const std::string& name) {
  return {name + ":latest", "digest of " + name, nullptr};
}

inline InferenceRequest request(const std::string& name, int tokens, const std::string& client = "client") {
  InferenceRequest result;
  result.model = model(name);
  result.generation.prompt = {1, 2, 3};
  result.generation.max_tokens = tokens;
  result.client = client;
  return result;
}

/// Any prompt, the same for the same length, which names the client, too; answered in full.
inline InferenceRequest greedy(const ModelReference& model, std::size_t prompt_tokens, int tokens) {
  InferenceRequest result;
  result.model = model;
  result.client = std::to_string(prompt_tokens);
  for (std::size_t i = 0; i < prompt_tokens; ++i) {
    result.generation.prompt.push_back(static_cast<text::TokenId>((i * i + prompt_tokens) % 256));
  }
  result.generation.max_tokens = tokens;
  result.generation.sampling.temperature = 0;
  result.generation.ignore_end_of_sequence = true;
  return result;
}

inline ResponseEvent next(const Stream& stream) {
  auto event = stream->next(std::chrono::seconds(20));
  if (!event) {
    throw std::runtime_error("no event within 20 s");
  }
  return *event;
}

/// All events up to the last one.
inline std::vector<ResponseEvent> read_all(const Stream& stream) {
  std::vector<ResponseEvent> events;
  while (true) {
    events.push_back(next(stream));
    const auto* token = std::get_if<inference::TokenEvent>(&events.back());
    if (std::holds_alternative<base::Error>(events.back()) || (token != nullptr && token->done)) {
      return events;
    }
  }
}

inline std::string text_of(const std::vector<ResponseEvent>& events) {
  std::string text;
  for (const ResponseEvent& event : events) {
    if (const auto* token = std::get_if<inference::TokenEvent>(&event)) {
      text += token->text;
    }
  }
  return text;
}

inline std::vector<text::TokenId> tokens_of(const std::vector<ResponseEvent>& events) {
  std::vector<text::TokenId> tokens;
  for (const ResponseEvent& event : events) {
    if (const auto* token = std::get_if<inference::TokenEvent>(&event)) {
      tokens.insert(tokens.end(), token->tokens.begin(), token->tokens.end());
    }
  }
  return tokens;
}

inline base::ErrorCode error_of(const Stream& stream) {
  const auto events = read_all(stream);
  const auto* error = std::get_if<base::Error>(&events.back());
  return error != nullptr ? error->code() : base::ErrorCode::kInternal;
}

inline inference::FinishReason reason_of(const Stream& stream) {
  return std::get<inference::TokenEvent>(read_all(stream).back()).reason;
}

inline ::testing::AssertionResult eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return ::testing::AssertionFailure() << "not within 20 s";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ::testing::AssertionSuccess();
}

}  // namespace axllama::serving
