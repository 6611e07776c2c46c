#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "softcard/card/context.h"

namespace axllama::softcard {

/// Work for a stream; throws CardError to fail.
using Work = std::function<void(const std::stop_token&)>;

/// Puts work into a stream: one remote call for the caller, which returns at once. In the stream the work
/// lasts at least `time`. Throws CardError when the card is offline or the stream was destroyed.
void submit(CardStream& stream, std::chrono::duration<double> time, Work work);

}  // namespace axllama::softcard
