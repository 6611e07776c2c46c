#include "softcard/graph/rope_table.h"

#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>

namespace axllama::softcard {
namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

RopeTable::RopeTable(std::vector<float> inv_freq, std::size_t positions)
    : inv_freq_(std::move(inv_freq)),
      positions_(positions),
      cosine_(positions * inv_freq_.size()),
      sine_(positions * inv_freq_.size()) {
  for (std::size_t position = 0; position < positions; ++position) {
    for (std::size_t i = 0; i < half(); ++i) {
      const float angle = static_cast<float>(position) * inv_freq_[i];
      cosine_[position * half() + i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      sine_[position * half() + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
}

std::shared_ptr<const RopeTable> RopeTable::shared(const std::vector<float>& inv_freq,
                                                   std::size_t positions) {
  static std::mutex mutex;
  static std::vector<std::weak_ptr<const RopeTable>> tables;
  const std::lock_guard lock(mutex);
  std::erase_if(tables, [](const auto& table) { return table.expired(); });
  for (const auto& weak : tables) {
    const std::shared_ptr<const RopeTable> table = weak.lock();
    if (table && table->positions() >= positions && same_bits(table->inv_freq_, inv_freq)) return table;
  }
  auto made = std::make_shared<const RopeTable>(inv_freq, positions);
  tables.push_back(made);
  return made;
}

}  // namespace axllama::softcard
