#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace axllama::softcard {

enum class FaultKind {
  kNoCard,           // axclInit finds no card
  kHiddenCard,       // axclInit works, but the device list is empty
  kMallocError,      // axclrtMalloc fails
  kLoadError,        // a model does not load
  kOutOfMemory,      // a model does not load for lack of card memory
  kLoadHang,         // a model's loading does not return
  kCopyError,        // a copy or fill fails
  kExecuteError,     // an execution fails
  kHang,             // an execution does not return
  kSlowExecute,      // an execution takes longer
  kOffline,          // the card goes offline at an execution
  kCorrupt,          // an execution's results are wrong
  kSubmitError,      // a stream does not take work
  kLostWork,         // a stream takes work and does not do it
  kReorderedWork,    // a stream does work behind what is put into it next
  kLateWork,         // a stream says that work is done before it is
  kPropertiesError,  // axclrtGetDeviceProperties fails
};

/// The calls at which faults strike.
enum class FaultPoint { kInit, kList, kMalloc, kLoad, kCopy, kExecute, kSubmit, kProperties };

/// What brings a card back that went offline.
enum class Recovery { kReset, kReboot, kNever };

/// What a corrupted result looks like.
enum class Corruption { kNoise, kNan, kZero, kRounding };

/// One fault and when it strikes: from the `at`-th matching call on, `times` times, each time with
/// `probability`.
struct FaultRule {
  FaultKind kind = FaultKind::kExecuteError;
  std::int32_t device = -1;  // -1: any
  std::string model{"*"};    // file name with * and ?, for loads and executions
  std::string tensor{"*"};   // outputs that are corrupted
  std::uint64_t at = 1;      // counted per rule, from 1
  std::uint64_t times = 0;   // 0: without end
  double probability = 1;
  std::uint64_t seed = 1;
  std::int32_t code = 0;  // 0: the usual code of this fault
  std::uint32_t ms =
      0;  // hang, load_hang: 0 is for ever; slow_execute: added; no_card, hidden_card: while it lasts
  Recovery recovery = Recovery::kReset;
  Corruption corruption = Corruption::kNoise;

  bool operator==(const FaultRule&) const = default;

  FaultPoint point() const noexcept;
  std::string_view name() const noexcept;
};

/// An error code as a number or as a text such as "0x80300181". Throws SettingsError.
std::int32_t parse_error_code(const nlohmann::json& value);

/// Throws SettingsError. From an object such as {"kind":"execute_error","at":5}; docs/softcard.md has all
/// fields.
FaultRule parse_fault(const nlohmann::json& object);

/// The same from "execute_error:at=5,code=0x8030070C;hang:ms=1000". Throws SettingsError.
std::vector<FaultRule> parse_fault_list(std::string_view text);

/// A name against a pattern with * (any run) and ? (any one).
bool matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace axllama::softcard
