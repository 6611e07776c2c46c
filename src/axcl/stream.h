#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "axcl/device_memory.h"

namespace axllama::axcl {

class Card;
class IoBinding;

/// A queue of work for a card, done in the order it was put in while the host does something else. Owner
/// thread only.
///
/// Host memory and card memory that the work reads or writes must stay alive and untouched until
/// synchronise() has returned; models and IO objects stay alive by themselves, and an IoBinding refuses to be
/// bound meanwhile. What goes wrong with the work is told by synchronise(), whoever calls it next; results of
/// the work are not to be trusted then. Not ordered with other streams or with blocking calls.
class Stream {
 public:
  /// Whether the card's runtime has streams with copies and executions; its 2.x releases have not.
  static bool offered(const Card& card) noexcept;

  /// Throws Error: kUnsupported where they are not offered, kDevice, kUnavailable.
  explicit Stream(Card& card);
  /// Waits for the work, though not for ever: what hangs is given up.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// As the methods of Card and IoBinding with these names, but for the wait. Throw Error when the card does
  /// not take the work (kDevice, kUnavailable), or as those do.
  void upload(DeviceSpan dst, std::span<const std::byte> src);
  void download(std::span<std::byte> dst, DeviceSpan src);
  void copy(DeviceSpan dst, DeviceSpan src);
  void execute(IoBinding& binding);

  /// Waits until all work is done. Throws Error (kDevice, kUnavailable) naming the failed piece as closely as
  /// the card's answer allows.
  void synchronise();
  /// The same with a limit, where the runtime has one; false when the work is not done by then.
  bool synchronise_for(std::chrono::milliseconds limit);

  /// Pieces of work since the last synchronise().
  std::size_t pending() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::axcl
