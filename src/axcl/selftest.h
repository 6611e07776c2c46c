#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "axcl/card.h"

namespace axllama::axcl {

// The start-up self-test: one layer of a model is run the way the engine runs it, and the results are
// compared with each other. No reference is needed, because the same rows can be computed in several ways
// that must agree. The rules are those of docs/softcard.md, "Binding rules"; breaking one raises no error on
// hardware, so asking is the only way.

/// What a check found. The first three are about uses the engine relies on; the others say what the card does
/// with what it need not be able to do: when a rule is broken on purpose, asynchronously, and whether chunks
/// give the very rows of decoding.
enum class Verdict {
  kPassed,
  kFailed,   // results cannot be trusted
  kSkipped,  // this layer or card has nothing to check it with
  kRefused,  // the card answered an error
  kWorks,    // the results were right all the same
  kWrong,    // no error, and wrong results
};
std::string_view verdict_name(Verdict verdict) noexcept;  // "passed", ... "silently wrong"

struct SelfTestCheck {
  std::string name;  // "chunk-equals-decode"
  int rule = 0;      // the binding rule it is about; 0: none
  Verdict verdict = Verdict::kSkipped;
  std::string detail;  // a sentence
};

/// How a card meets broken rules.
enum class Conduct {
  kUnknown,  // none was broken, or no breach had consequences
  kRefuses,  // a strict software card
  kSilent,   // the hardware, and a lenient software card
  kMixed,
};
std::string_view conduct_name(Conduct conduct) noexcept;

/// So many pieces of work in a stream at once the self-test tries, and no more are proven.
inline constexpr std::size_t kProvenInStream = 128;

struct SelfTestReport {
  std::string layer;  // name of the file it was made with
  std::vector<SelfTestCheck> checks;
  double execute_us = 0;  // median of one synchronous decode execution, the call included
  double copy_us = 0;     // median of one upload of 4 bytes: what a remote call costs here

  const SelfTestCheck* check(std::string_view name) const noexcept;
  /// Null when nothing failed.
  const SelfTestCheck* first_failure() const noexcept;
  Conduct conduct() const noexcept;
  /// Whether work that is given to the card in a stream was done rightly, and calls cost enough to save
  /// them; else they are made one by one.
  bool asynchronous() const noexcept;
  /// Whether rows that were evaluated in a chunk were seen to be those of decoding, byte for byte, with their
  /// hidden states. Then tokens may be verified in chunks, and are those of plain decoding.
  bool chunks_equal_decodes() const noexcept;
};

inline constexpr const char* kAsynchronousCheck = "asynchronous";
inline constexpr const char* kSameRowsCheck = "chunk-rows-same";

struct SelfTestOptions {
  /// Breaks each rule on purpose, too. What may read or write outside the layer's own buffers is left out on
  /// hardware. For the doctor only, also whether masks and indices may be bound inside a block (rule 4): the
  /// engine never does that, so at a start the answer would change nothing, and would cost the server that
  /// it breaks no rule on any card.
  bool break_rules = false;
};

/// Loads `layer` for itself and runs all checks (some 60 executions of one layer), then unloads it. Owner
/// thread only. Throws Error when the card fails (kDevice, kUnavailable, kResourceExhausted) or the file
/// cannot be loaded.
SelfTestReport run_self_test(Card& card, const std::filesystem::path& layer, SelfTestOptions options = {});

/// The same without breaking rules, done once per process for a runtime version, device and form of layer
/// file (name and size). Failures are not remembered, so that a card that recovered is asked again.
std::shared_ptr<const SelfTestReport> self_test_once(Card& card, const std::filesystem::path& layer);

/// Throws Error (kDevice) naming the check that failed.
void require_passed(const SelfTestReport& report);

}  // namespace axllama::axcl
