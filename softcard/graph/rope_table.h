#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace axllama::softcard {

/// Cosines and sines of position * inv_freq (the product rounded to f32, as trained models compute it) for
/// positions [0, positions). Immutable; layers with the same frequencies share one.
class RopeTable {
 public:
  RopeTable(std::vector<float> inv_freq, std::size_t positions);

  /// A table with these frequencies and at least that many positions, made now or kept by another program.
  static std::shared_ptr<const RopeTable> shared(const std::vector<float>& inv_freq, std::size_t positions);

  std::size_t positions() const noexcept { return positions_; }
  std::size_t half() const noexcept { return inv_freq_.size(); }
  /// [half] values of one position.
  const float* cosine(std::size_t position) const noexcept { return cosine_.data() + position * half(); }
  const float* sine(std::size_t position) const noexcept { return sine_.data() + position * half(); }

 private:
  std::vector<float> inv_freq_;
  std::size_t positions_;
  std::vector<float> cosine_;
  std::vector<float> sine_;
};

}  // namespace axllama::softcard
