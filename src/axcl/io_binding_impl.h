#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "axcl/model.h"
#include "axcl/model_state.h"

namespace axllama::axcl {

/// An IO object and what is bound to it. Shared by its IoBinding and the streams that execute it. Private to
/// this room.
struct IoBinding::Impl {
  std::shared_ptr<ModelState> model;
  std::uint32_t group = 0;
  AxclIo io = nullptr;
  std::vector<DeviceSpan> inputs;
  std::vector<DeviceSpan> outputs;
  bool checked = false;
  std::size_t in_streams = 0;  // executions that streams have not been waited for

  Impl() = default;
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// "shape group 0 of x_l0.axmodel"
  std::string where() const;
  void bind(bool input, std::size_t index, DeviceSpan span);
  /// Throws Error (kInternal) unless the binding rules hold.
  void check();

 private:
  void check_bound(const std::vector<TensorDescription>& tensors, const std::vector<DeviceSpan>& bound) const;
  [[noreturn]] void throw_alias(const TensorDescription& output, std::size_t output_bytes,
                                const TensorDescription& other, std::size_t other_bytes) const;
  void check_aliases() const;
};

}  // namespace axllama::axcl
