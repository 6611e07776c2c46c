#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace axllama::axcl {

struct Abi;         // the table of function pointers (abi.h); private to this room
class QuietConfig;  // private to this room

/// Which library to open. Empty `library`: AXLLAMA_AXCL_LIBRARY if set; else the vendor's (as the loader
/// finds it, then in `vendor_folder` with its dependencies opened ahead) when it finds a card; else the
/// software card that belongs to this program (AXLLAMA_SOFTCARD_LIBRARY if set, else below the program's
/// folder).
struct RuntimeOptions {
  std::filesystem::path library;
  bool allow_software_card = true;
  bool allow_vendor = true;
  std::filesystem::path vendor_folder = "/usr/lib/axcl";
  /// How long to wait for a card to be enumerated, where a driver and a card are present; never waited
  /// elsewhere.
  std::chrono::milliseconds device_wait{15000};
};

/// A loaded AXCL runtime, initialised. Kept to the end of the process, and destroyed before main returns (the
/// vendor's library cannot be unloaded, and must not be finalised from static destructors). Device calls go
/// through Card; what is here may be called from any thread.
class Runtime {
 public:
  /// Throws Error (kUnavailable) with a sentence for each case: no library, a library chain that loads only
  /// in part, a library that lacks a function, a library but no card (0x8030010B). Fast in each case. A
  /// library that is open already is shared.
  static std::shared_ptr<Runtime> open(const RuntimeOptions& options = {});
  ~Runtime();  // axclFinalize
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const std::filesystem::path& library() const noexcept { return library_; }
  bool is_software_card() const noexcept { return software_card_; }
  std::string version() const;   // "V3.10.2_..." or "3.10.2"
  std::string soc_name() const;  // "AX650N", ...
  /// Device ids as the runtime lists them (PCI bus numbers); read once at open, never empty.
  const std::vector<std::int32_t>& devices() const noexcept { return devices_; }
  /// Why the vendor's runtime is not in use although it was looked for (a sentence); empty otherwise.
  const std::string& fallback_reason() const noexcept { return fallback_reason_; }
  /// The software card's own counters as JSON; empty string on a real card.
  std::string software_card_counters() const;
  /// What a software card's calls are made to last, as JSON (docs/softcard.md, "Timing"); empty string on a
  /// real card, and on a software card that cannot tell.
  std::string software_card_timing() const;
  /// False for a software card that is set to compute nothing or to replay a script: its results mean
  /// nothing.
  bool computes() const;
  /// The sentence behind the calling thread's latest error code, from a software card; else empty.
  std::string software_card_reason() const;

  const Abi& abi() const noexcept { return *abi_; }

 private:
  Runtime();
  using TextFunction = std::int32_t (*)(char*, std::uint64_t, std::uint64_t*);
  static std::string text_of(TextFunction function, const char* what);
  static std::shared_ptr<Runtime> start(void* handle, const std::filesystem::path& library,
                                        std::chrono::milliseconds device_wait);
  void initialise();
  void list_devices(std::chrono::milliseconds device_wait);

  std::filesystem::path library_;
  bool software_card_ = false;
  bool initialised_ = false;
  std::vector<std::int32_t> devices_;
  std::string fallback_reason_;
  std::unique_ptr<Abi> abi_;
  std::unique_ptr<QuietConfig> config_;
};

/// "module/sub/id, meaning (0xHEX)" for an AXCL error code.
std::string describe_axcl_error(std::int32_t code);

}  // namespace axllama::axcl
