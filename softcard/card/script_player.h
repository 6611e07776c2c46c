#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "softcard/card/execution.h"
#include "softcard/card/script.h"

namespace axllama::softcard {

/// Plays a script: layers do no arithmetic but stamp their hidden state with its position and cache, and the
/// head reads the stamp to know which step of which request it is asked for. Any thread.
///
/// A request is told from its successor by what reaches the head. It goes on while the position is beyond its
/// first one, at most one beyond its last one, and nothing at or before its first position has been evaluated
/// since; everything else is the next request. Each KV cache (by its address) has a request of its own; that
/// of a chunk in a group without history is the one that its keys are copied into.
class ScriptPlayer {
 public:
  /// Starts anew, unless this is the script in force already.
  void set_script(const Script& script);

  /// Writes every output of a layer or head; pointers as for Program::execute. Throws CardError where the
  /// script says so or is over.
  void play(const Execution& execution, std::span<const std::byte* const> inputs,
            std::span<std::byte* const> outputs, const std::stop_token& stop);

  /// Card memory at `from` was copied to `to` on the card.
  void copied(std::uint64_t from, std::uint64_t to);

 private:
  struct Request {
    std::size_t number = 0;
    std::uint32_t start = 0;  // position of its first answer
    std::uint32_t last = 0;   // position of its latest answer
  };
  struct Cache {
    std::uint64_t address = 0;
    std::optional<Request> request;
    std::uint32_t lowest = UINT32_MAX;  // position evaluated since the latest answer
    std::size_t stands_for = 0;         // the cache's own number, or where the keys of a dummy's chunk went
  };

  void play_layer(const Execution& execution, std::span<const std::byte* const> inputs,
                  std::span<std::byte* const> outputs);
  void play_head(const Execution& execution, std::span<const std::byte* const> inputs,
                 std::span<std::byte* const> outputs, const std::stop_token& stop);
  std::uint16_t cache_number(std::uint64_t address);
  void note_evaluated(std::size_t cache, std::uint32_t position);
  std::optional<ScriptStep> next_step(std::uint16_t cache_number, std::uint32_t position);
  std::optional<ScriptStep> step_of(const Request& request) const;

  std::mutex mutex_;
  Script script_;
  std::vector<Cache> caches_;
  std::map<std::uint64_t, std::uint16_t> unplaced_;  // keys of chunks without history -> dummy they had bound
  std::size_t begun_ = 0;                            // requests
};

}  // namespace axllama::softcard
