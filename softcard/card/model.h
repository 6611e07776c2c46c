#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "softcard/card/device.h"

namespace axllama::softcard {

/// What a shape group is, as its `indices` tensor tells. A model without one (the head) has only plain
/// groups.
enum class GroupKind { kPlain, kDecode, kPrefill };

/// The interface of a model: what its tensors are called and how large they are. Immutable.
struct ModelShape {
  explicit ModelShape(const Program& program, std::string model_name);

  /// Index of a tensor by name, -1 when there is none.
  static std::int32_t index_of(const std::vector<TensorInfo>& tensors, std::string_view name);

  std::string name;
  std::string compiler;
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<std::vector<std::uint64_t>> input_bytes;   // [group][tensor]
  std::vector<std::vector<std::uint64_t>> output_bytes;  // [group][tensor]
  std::vector<GroupKind> kinds;                          // [group]
  std::vector<std::uint32_t> rows;                       // [group]: rows of a chunk, 1 for decode
  std::size_t groups() const noexcept { return kinds.size(); }
};

/// A model in the card's memory, with its share of the quota for as long as it lives.
class Model {
 public:
  /// Throws CardError: not a program (with a report that says why), or not enough card memory. While it
  /// loads, the image occupies card memory too when `image_on_card` is false, as the file is uploaded first.
  Model(std::shared_ptr<Device> device, std::uint64_t id, std::span<const std::byte> image, std::string name,
        bool image_on_card);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  Device& device() const noexcept { return *device_; }
  const std::shared_ptr<const ModelShape>& shape() const noexcept { return shape_; }
  Program& program() const noexcept { return *program_; }

  void add_context(std::uint64_t context);
  bool has_context(std::uint64_t context) const;
  std::uint32_t affinity() const;
  void set_affinity(std::uint32_t mask);

 private:
  std::shared_ptr<Device> device_;
  std::uint64_t id_;
  std::unique_ptr<Program> program_;
  std::shared_ptr<const ModelShape> shape_;
  std::uint64_t reserved_ = 0;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> contexts_;
  std::uint32_t affinity_ = 0x7;  // all three cores
};

}  // namespace axllama::softcard
