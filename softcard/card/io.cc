#include "softcard/card/io.h"

#include <utility>

namespace axllama::softcard {

IoObject::IoObject(std::uint64_t model_id, std::shared_ptr<const ModelShape> shape)
    : model_id_(model_id), shape_(std::move(shape)) {
  if (shape_) {
    inputs_.resize(shape_->inputs.size());
    outputs_.resize(shape_->outputs.size());
  }
}

bool IoObject::bind(Side side, std::size_t index, std::uint64_t address, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  auto& list = side == Side::kInput ? inputs_ : outputs_;
  if (index >= list.size()) {
    return false;
  }
  list[index] = {address, size, true};
  return true;
}

std::optional<Binding> IoObject::binding(Side side, std::size_t index) const {
  const std::scoped_lock lock(mutex_);
  const auto& list = side == Side::kInput ? inputs_ : outputs_;
  return index < list.size() ? std::optional(list[index]) : std::nullopt;
}

std::vector<Binding> IoObject::bindings(Side side) const {
  const std::scoped_lock lock(mutex_);
  return side == Side::kInput ? inputs_ : outputs_;
}

std::int32_t IoObject::index_of(Side side, std::string_view name) const {
  return shape_ ? ModelShape::index_of(side == Side::kInput ? shape_->inputs : shape_->outputs, name) : -1;
}

std::uint32_t IoObject::first_group(std::uint32_t group) {
  const std::scoped_lock lock(mutex_);
  if (!first_group_) {
    first_group_ = group;
  }
  return *first_group_;
}

const std::vector<std::byte>& IoObject::first_content(std::size_t input, std::span<const std::byte> now) {
  const std::scoped_lock lock(mutex_);
  return first_content_.try_emplace(input, now.begin(), now.end()).first->second;
}

}  // namespace axllama::softcard
