#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "axcl/card_state.h"
#include "axcl/model.h"

namespace axllama::axcl {

/// What a Model shares with its IoBindings. Unloads the model with the last of them. Private to this room.
struct ModelState {
  std::shared_ptr<CardState> card;
  std::filesystem::path file;
  std::uint64_t model_id = 0;
  std::uint64_t context_id = 0;
  bool loaded = false;
  AxclIoInfo info = nullptr;
  std::size_t group_count = 0;
  std::vector<TensorDescription> inputs;
  std::vector<TensorDescription> outputs;

  ModelState() = default;
  ~ModelState();
  ModelState(const ModelState&) = delete;
  ModelState& operator=(const ModelState&) = delete;
};

}  // namespace axllama::axcl
