#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "axcl/card.h"
#include "axcl/model.h"
#include "model/package.h"
#include "model/shapes.h"

namespace axllama::inference {

/// Where a layer's tensors stand among its inputs and outputs.
struct LayerPorts {
  std::size_t k_cache = 0, v_cache = 0, indices = 0, input = 0, mask = 0;  // inputs
  std::size_t k_cache_out = 0, v_cache_out = 0, output = 0;                // outputs
};

/// The decoder layers of a model on a card, all of the same shapes. Owner thread only.
class LayerStack {
 public:
  /// Loads the layers one after the other; `progress(loaded, total)` returning false ends it with Error
  /// (kCancelled). Throws Error: what axcl::Model throws, and kInvalidArgument naming both files when two
  /// layers have different shapes.
  LayerStack(axcl::Card& card, const model::PackageFiles& files,
             const std::function<bool(std::size_t, std::size_t)>& progress);

  std::size_t size() const noexcept { return layers_.size(); }
  axcl::Model& layer(std::size_t index) noexcept { return *layers_[index]; }
  const LayerPorts& ports() const noexcept { return ports_; }
  const model::LayerShapes& shapes() const noexcept { return shapes_; }
  /// Size of the layer files, which is about what they take on the card.
  std::uint64_t file_bytes() const noexcept { return file_bytes_; }

 private:
  void add(axcl::Card& card, const std::filesystem::path& file);

  std::vector<std::unique_ptr<axcl::Model>> layers_;
  LayerPorts ports_;
  model::LayerShapes shapes_;
  std::uint64_t file_bytes_ = 0;
};

/// What differs first between two layers' shapes, as "a hidden size of 1024 and 2048"; empty when nothing
/// does.
std::string describe_shape_difference(const model::LayerShapes& a, const model::LayerShapes& b);

}  // namespace axllama::inference
