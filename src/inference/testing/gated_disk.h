#pragma once

#include <filesystem>
#include <memory>

#include "inference/kv_archive.h"
#include "tests/support/gate.h"

namespace axllama::inference {

/// A disk whose pieces are read when the test lets them.
class GatedDisk {
 public:
  explicit GatedDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}

  testing::Gate& gate() const { return *gate_; }
  /// Conversations on this disk; `host_bytes` as in KvArchiveOptions.
  std::shared_ptr<KvArchive> archive(std::uint64_t host_bytes = 0) const {
    KvArchiveOptions options{host_bytes, folder_, std::uint64_t{1} << 30U};
    options.read_piece = [gate = gate_](const auto& path, const auto& header, auto layer, auto piece) {
      gate->pass();
      read_kv_piece(path, header, layer, piece);
    };
    return std::make_shared<KvArchive>(options);
  }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<testing::Gate> gate_ = std::make_shared<testing::Gate>();
};

}  // namespace axllama::inference
