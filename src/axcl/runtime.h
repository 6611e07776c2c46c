#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace axllama::axcl {

struct Abi;  // the table of function pointers (abi.h); private to this room

/// Which library to open. Empty `library`: AXLLAMA_AXCL_LIBRARY if set; else the vendor's (soname, then
/// /usr/lib/axcl with the pre-load ladder) when it finds a card; else `software_card` beside this program.
struct RuntimeOptions {
  std::filesystem::path library;
  bool allow_software_card = true;
  bool allow_vendor = true;
};

/// A loaded AXCL runtime, initialised. Opened once per process and kept to the end (the vendor's library cannot be unloaded).
/// Device calls go through Card; what is here may be called from any thread.
class Runtime {
 public:
  /// Throws Error (kUnavailable) with a sentence for each case: no library, a library chain that loads only in part,
  /// a library but no card (0x8030010B). Fast in each case.
  static std::shared_ptr<Runtime> open(const RuntimeOptions& options = {});
  ~Runtime();  // axclFinalize
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const std::filesystem::path& library() const noexcept { return library_; }
  bool is_software_card() const noexcept { return software_card_; }
  std::string version() const;   // "V3.10.2_..." or "3.10.2"
  std::string soc_name() const;  // "AX650N", ...
  /// Device ids as the runtime lists them (PCI bus numbers); read once at open.
  const std::vector<std::int32_t>& devices() const noexcept { return devices_; }
  /// The software card's own counters as JSON; empty string on a real card.
  std::string software_card_counters() const;

  const Abi& abi() const noexcept { return *abi_; }

 private:
  Runtime();
  std::filesystem::path library_;
  bool software_card_ = false;
  std::vector<std::int32_t> devices_;
  std::unique_ptr<Abi> abi_;
};

/// "module/sub/id, meaning (0xHEX)" for an AXCL error code.
std::string describe_axcl_error(std::int32_t code);

}  // namespace axllama::axcl
