#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "axcl/device_memory.h"

namespace axllama::axcl {

class Card;
struct ModelState;  // model_state.h; private to this room

/// Element types, with the ABI's values.
enum class DataType : int {
  kNone = 0,
  kInt4 = 1,
  kUint4 = 2,
  kInt8 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kUint16 = 6,
  kInt32 = 7,
  kUint32 = 8,
  kInt64 = 9,
  kUint64 = 10,
  kFp4 = 11,
  kFp8 = 12,
  kFp16 = 13,
  kBf16 = 14,
  kFp32 = 15,
  kFp64 = 16
};

/// One input or output. The name and type hold for every shape group; dims and bytes are per group.
struct TensorDescription {
  std::string name;
  DataType type = DataType::kNone;
  std::vector<std::vector<std::int32_t>> dims;  // [group][axis]
  std::vector<std::size_t> bytes;               // [group]
};

/// A model loaded on a card, its description read once at load. Unloaded on destruction; owner thread only.
class Model {
 public:
  /// Throws Error: kNotFound, kInvalidArgument (not a model this card runs), kResourceExhausted, kDevice.
  Model(Card& card, const std::filesystem::path& file);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::filesystem::path& file() const noexcept;
  std::size_t group_count() const noexcept;
  const std::vector<TensorDescription>& inputs() const noexcept;
  const std::vector<TensorDescription>& outputs() const noexcept;
  std::optional<std::size_t> input_index(std::string_view name) const noexcept;
  std::optional<std::size_t> output_index(std::string_view name) const noexcept;
  std::string compiler_version() const;

 private:
  friend class IoBinding;
  std::shared_ptr<ModelState> state_;
};

/// The buffers of one (model, shape group). Pure host bookkeeping but for execute(); owner thread only. Must
/// not outlive the model. While an execution of it is in a stream nothing can be bound (throws Error
/// kInternal). Binding rules are checked here at the first execute after a change and throw Error
/// (kInternal) naming tensor and both sizes: everything bound, with exactly the group's sizes, and no output
/// aliases an input or another output. One alias is meant: output NAME_out may be rows inside the larger
/// input NAME (K and V written in their slot).
class IoBinding {
 public:
  IoBinding(Model& model, std::size_t group);
  ~IoBinding();
  IoBinding(IoBinding&& other) noexcept;
  IoBinding& operator=(IoBinding&& other) noexcept;
  IoBinding(const IoBinding&) = delete;
  IoBinding& operator=(const IoBinding&) = delete;

  std::size_t group() const noexcept;
  void bind_input(std::size_t index, DeviceSpan span);
  void bind_output(std::size_t index, DeviceSpan span);
  /// Runs the model on the bound buffers and returns when it is done. Throws Error (kDevice, kUnavailable).
  void execute();
  /// Runs whatever is bound, for the self-test, which has to see what the card makes of it: nothing is
  /// checked here. Returns the card's AXCL code. `group` may be another one than the object's own.
  std::int32_t execute_unchecked();
  std::int32_t execute_unchecked(std::size_t group);

 private:
  friend class Stream;
  struct Impl;                  // io_binding_impl.h
  std::shared_ptr<Impl> impl_;  // shared with streams that execute it
};

}  // namespace axllama::axcl
