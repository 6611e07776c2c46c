#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "serving/service.h"

namespace axllama::serving {

/// Which models are on the card, for how long they may stay, and which goes first. Bookkeeping only; time
/// comes in as an argument. Not thread-safe.
class Residency {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Residency(std::chrono::nanoseconds default_keep_alive) : default_keep_alive_(default_keep_alive) {}

  /// A model is being loaded, without its draft yet, for a request that holds it until end_use().
  void begin_load(const ModelReference& model, std::size_t layers_total);
  void loading(const std::string& digest, std::size_t layers_loaded);
  void loaded(const std::string& digest, std::uint64_t card_bytes, std::size_t context_length);
  /// It takes more or less memory than before.
  void resized(const std::string& digest, std::uint64_t card_bytes);
  /// A draft is being loaded beside a loaded model, in place of any other.
  void begin_draft(const std::string& digest, std::shared_ptr<const ModelReference> draft);
  /// It guesses from now on, or shall not be tried again for a reason; the model takes so much memory now.
  void end_draft(const std::string& digest, const std::string& problem, std::uint64_t card_bytes);
  /// Loading it was given up, and may be tried again.
  void forget_draft(const std::string& digest);
  /// Whether the model is here with that draft, or as much of it as there can be; empty: without one.
  bool ready(const std::string& digest, const std::string& draft) const;
  void remove(const std::string& digest);
  /// The model is gone with what was on the card when the card failed. One that is pinned is missed from then
  /// on, until it is loaded, or its unloading is asked for, or it is given up.
  void lose(const std::string& digest);
  /// All of them.
  void lose_all();
  void give_up(const std::string& digest) { missed_.erase(digest); }
  /// By digest.
  const std::map<std::string, ModelReference>& missed() const noexcept { return missed_; }

  /// A request uses the model from here to end_use(). An explicit keep-alive replaces the model's.
  void begin_use(const std::string& digest, const std::optional<KeepAlive>& keep_alive);
  void end_use(const std::string& digest, Time now);

  /// The model shall go as soon as it is idle, and is not missed. False when it is neither here nor missed.
  bool request_unload(const std::string& digest);

  /// From now on, and however often it is loaded, the model stays for ever and is no victim. Only an
  /// unloading that is asked for takes it away.
  void pin(const std::string& digest);

  /// Idle models whose time is over or whose unloading was asked for.
  std::vector<std::string> expired(Time now) const;
  /// When the next idle model's time is over; empty when none will be.
  std::optional<Time> next_expiry() const;
  /// The idle model to give up for another: those that are to stay for ever go last, else the one that was
  /// used longest ago goes first.
  std::optional<std::string> victim() const;

  std::size_t size() const noexcept { return entries_.size(); }
  bool contains(const std::string& digest) const { return entries_.contains(digest); }
  bool empty() const noexcept { return entries_.empty(); }
  /// For display, in the order they were loaded.
  std::vector<LoadedModel> snapshot(Time now, std::chrono::system_clock::time_point wall_now) const;

 private:
  struct Entry {
    LoadedModel shown;
    std::uint64_t order = 0;
    std::chrono::nanoseconds keep_alive{};
    std::size_t users = 0;
    Time idle_since{};
    bool unload_requested = false;

    void pin();
    /// Time::max() when never; idle models only.
    Time expiry() const;
  };

  std::chrono::nanoseconds default_keep_alive_;
  std::uint64_t loads_ = 0;
  std::set<std::string> pinned_;
  std::map<std::string, ModelReference> missed_;
  std::map<std::string, Entry> entries_;  // by digest
};

}  // namespace axllama::serving
