#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "inference/kv_tier.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A SHA-256: the name of a block of rows, or the checksum of some.
using KvKey = std::array<std::byte, 32>;

struct KvKeyHash {
  std::size_t operator()(const KvKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

KvKey kv_checksum(std::span<const std::byte> bytes);

/// What every sequence of a package begins with: a hash of the package's digest and of the layout.
KvKey kv_root_key(const std::string& digest, const KvLayout& layout);

/// The name of a block that follows `parent`: a hash of both, and so of the whole sequence up to its end.
/// Conversations with the same beginning have the same first blocks.
KvKey kv_block_key(const KvKey& parent, std::span<const text::TokenId> tokens);

/// 64 lower-case digits.
std::string kv_key_hex(const KvKey& key);

}  // namespace axllama::inference
