#include "inference/card_embeddings.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/bfloat16.h"
#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20U;  // of one upload, and of host memory for it

void stay_on_host(std::uint64_t needed, const std::string& why) {
  telemetry::log(telemetry::LogLevel::kInfo, "the embedding table stays on the host",
                 {{"bytes", std::to_string(needed)}, {"why", why}});
}

}  // namespace

std::optional<CardEmbeddings> CardEmbeddings::upload(axcl::Card& card, const model::Package& package,
                                                     std::uint64_t reserve) {
  const std::size_t row_bytes = package.hidden_size() * sizeof(base::Bf16);
  const std::size_t rows = package.vocabulary_size();
  const std::uint64_t needed = std::uint64_t{rows} * row_bytes;
  const std::optional<axcl::CardProperties> properties = card.properties();
  if (!properties || properties->cmm_free_bytes < needed + reserve) {
    stay_on_host(needed, properties ? "the card has " + std::to_string(properties->cmm_free_bytes) +
                                          " bytes free, and " + std::to_string(reserve) +
                                          " are needed for other things"
                                    : "the card does not say how much memory it has");
    return std::nullopt;
  }
  axcl::DeviceBuffer table;
  try {
    table = axcl::DeviceBuffer(card, needed);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kResourceExhausted) {
      throw;
    }
    stay_on_host(needed, error.message());
    return std::nullopt;
  }
  const std::size_t rows_at_once = std::clamp<std::size_t>(kPieceBytes / row_bytes, 1, rows);
  axcl::HostBuffer staging(card, rows_at_once * row_bytes);
  for (std::size_t first = 0; first < rows; first += rows_at_once) {
    const std::size_t count = std::min(rows_at_once, rows - first);
    auto out = staging.bytes().begin();
    for (std::size_t row = first; row < first + count; ++row) {
      out = std::ranges::copy(std::as_bytes(package.embedding(static_cast<text::TokenId>(row))), out).out;
    }
    card.upload(table.span().subspan(first * row_bytes, count * row_bytes),
                staging.bytes().first(count * row_bytes));
  }
  return CardEmbeddings(std::move(table), row_bytes);
}

axcl::DeviceSpan CardEmbeddings::row(text::TokenId token) const {
  return table_.span().subspan(static_cast<std::size_t>(token) * row_bytes_, row_bytes_);
}

}  // namespace axllama::inference
