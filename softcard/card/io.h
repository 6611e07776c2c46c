#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "softcard/card/model.h"

namespace axllama::softcard {

/// What GetIOInfo answers. Host bookkeeping; outlives its model.
struct IoInfo {
  std::uint64_t model_id = 0;
  std::shared_ptr<const ModelShape> shape;
};

/// A card address bound to a tensor.
struct Binding {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  bool bound = false;
};

enum class Side { kInput, kOutput };

/// Bindings of one model's tensors. Pure host bookkeeping: needs no card and checks no address. Any thread.
class IoObject {
 public:
  /// `shape` may be null: an object made from an unknown info has no tensors.
  IoObject(std::uint64_t model_id, std::shared_ptr<const ModelShape> shape);

  std::uint64_t model_id() const noexcept { return model_id_; }
  const ModelShape* shape() const noexcept { return shape_.get(); }

  /// False when there is no such tensor.
  bool bind(Side side, std::size_t index, std::uint64_t address, std::uint64_t size);
  std::optional<Binding> binding(Side side, std::size_t index) const;
  std::vector<Binding> bindings(Side side) const;
  /// Index of a tensor of this name, -1 when there is none.
  std::int32_t index_of(Side side, std::string_view name) const;

  /// The shape group of the first execution; `group` becomes it when there was none.
  std::uint32_t first_group(std::uint32_t group);
  /// What an offset-bound tensor held at its first execution; `now` becomes it when there was none.
  const std::vector<std::byte>& first_content(std::size_t input, std::span<const std::byte> now);

 private:
  std::uint64_t model_id_;
  std::shared_ptr<const ModelShape> shape_;
  mutable std::mutex mutex_;
  std::vector<Binding> inputs_;
  std::vector<Binding> outputs_;
  std::optional<std::uint32_t> first_group_;
  std::map<std::size_t, std::vector<std::byte>> first_content_;
};

}  // namespace axllama::softcard
