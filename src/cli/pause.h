#pragma once

#include <chrono>
#include <stop_token>

namespace axllama::cli {

/// Waits for so long; false, at once, when the thread is asked to stop.
bool pause_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace axllama::cli
