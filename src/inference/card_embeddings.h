#pragma once

#include <cstdint>
#include <optional>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "model/package.h"

namespace axllama::inference {

/// The embedding table on the card, [vocabulary, hidden] bf16: a decoded token's row is copied there instead
/// of being sent. Owner thread only.
class CardEmbeddings {
 public:
  /// Uploads the table where the card has memory for it, and `reserve` bytes beyond. Nothing, and one log
  /// line, where it has not (or does not say). Throws Error (kDevice, kUnavailable).
  static std::optional<CardEmbeddings> upload(axcl::Card& card, const model::Package& package,
                                              std::uint64_t reserve);

  axcl::DeviceSpan row(text::TokenId token) const;
  std::uint64_t bytes() const noexcept { return table_.size(); }

 private:
  CardEmbeddings(axcl::DeviceBuffer table, std::size_t row_bytes)
      : table_(std::move(table)), row_bytes_(row_bytes) {}

  axcl::DeviceBuffer table_;
  std::size_t row_bytes_;
};

}  // namespace axllama::inference
