#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "inference/kv_archive_key.h"
#include "inference/kv_tier.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A block of rows on disk. All numbers are little-endian; n tokens, L layers, r row bytes:
///
///     offset  bytes
///     0       8           "AXLKV01\n"
///     8       32          key: kv_block_key(parent, tokens)
///     40      32          parent's key; of a first block the root key
///     72      4, 4, 4, 4  L, r, n, 0
///     88      4 n         token ids
///     ...     32 L        for each layer the SHA-256 of its piece
///     ...     L pieces    keys [n, r], then values [n, r]: bf16 rows as they are on the card
///
/// The key binds the tokens, the checksums bind the rows, and a chain of keys that begins at the root key
/// binds the package: a file that is damaged, cut, or of another package cannot be taken for a good one.
struct KvBlockHeader {
  KvKey key{};
  KvKey parent{};
  KvLayout layout;
  std::vector<text::TokenId> tokens;
  std::vector<KvKey> checksums;  // by layer

  /// Keys and values of one layer.
  std::size_t piece_bytes() const noexcept { return 2 * tokens.size() * layout.row_bytes; }
  std::size_t rows_bytes() const noexcept { return layout.layers * piece_bytes(); }
  std::uint64_t header_bytes() const noexcept;
  std::uint64_t file_bytes() const noexcept { return header_bytes() + rows_bytes(); }
};

/// Fills the checksums of a block from its rows: L pieces.
void add_checksums(KvBlockHeader& header, std::span<const std::byte> rows);

/// Writes a block with mode 0600 to a temporary name beside `path` and renames it. Throws Error
/// (kResourceExhausted) with the system's reason; then nothing is left behind.
void write_kv_block(const std::filesystem::path& path, const KvBlockHeader& header,
                    std::span<const std::byte> rows);

/// Reads and checks everything before the rows, and the file's size. Throws Error (kInvalidArgument) saying
/// what is wrong with the file.
KvBlockHeader read_kv_block_header(const std::filesystem::path& path);

/// Reads one layer's piece into `piece`, header.piece_bytes() long, and checks it. Throws Error
/// (kInvalidArgument).
void read_kv_piece(const std::filesystem::path& path, const KvBlockHeader& header, std::size_t layer,
                   std::span<std::byte> piece);

/// Whether a name is that of a file being written, left behind by a process that ended.
bool is_unfinished_kv_block(const std::filesystem::path& path);

}  // namespace axllama::inference
