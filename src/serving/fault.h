#pragma once

#include <chrono>
#include <cstddef>

#include "base/error.h"

namespace axllama::serving {

/// What to do after a call for a running request has failed, from the mildest to the last.
enum class Recovery {
  kRetry,   // compute what the request has on the card again; other requests are not touched
  kReload,  // unload the model and load it again, for all of its requests
  kReset,   // close the card, open it again, and load what running requests need
  kRefuse,  // end the request with the error
};

/// "retry", "reload", "reset" or "refuse".
const char* recovery_name(Recovery recovery) noexcept;

/// So long after the first of several failures in a row an answer has to go on; else it ends with an error.
inline constexpr std::chrono::seconds kRecoveryPatience{5};

/// Classifies a failed call, which the error's message names. `failures`: how often in a row the request has
/// failed without a token in between, this one included.
///
/// | the error says                                            | first   | second  | third   | then   |
/// | the card is gone (kUnavailable: device error codes)       | reset   | reset   | reset   | refuse |
/// | a call failed, results are garbage (kDevice), or the card | retry   | reload  | reset   | refuse |
/// | has no memory though it had (kResourceExhausted)          |         |         |         |        |
/// | anything else: the request or this program is at fault    | refuse  |         |         |        |
Recovery recovery_for(const base::Error& error, std::size_t failures) noexcept;

/// Whether the card is no longer trusted after an error outside of a running request, such as while loading.
bool is_card_failure(const base::Error& error) noexcept;

}  // namespace axllama::serving
