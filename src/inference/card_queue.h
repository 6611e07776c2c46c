#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "axcl/model.h"
#include "axcl/stream.h"

namespace axllama::inference {

/// Work for a card, in order: done call by call, or put into a stream and waited for once. The callers of
/// upload() to execute() are the same for both: until wait() has returned, nothing that the work reads or
/// writes may be touched or given back. Owner thread only.
class CardQueue {
 public:
  /// `asynchronous`: through a stream; throws Error (kUnsupported) where the runtime has none.
  CardQueue(axcl::Card& card, bool asynchronous);

  bool asynchronous() const noexcept { return stream_ != nullptr; }

  // Throw Error (kDevice, kUnavailable); what came before them is under way then.
  void upload(axcl::DeviceSpan dst, std::span<const std::byte> src);
  void download(std::span<std::byte> dst, axcl::DeviceSpan src);
  void copy(axcl::DeviceSpan dst, axcl::DeviceSpan src);
  void execute(axcl::IoBinding& binding);

  /// Returns when all is done. Throws Error (kDevice, kUnavailable) when any of it failed.
  void wait();
  /// The same when nobody is left to be told; whether all went well.
  bool settle() noexcept;

 private:
  void make_room();

  axcl::Card& card_;
  std::unique_ptr<axcl::Stream> stream_;  // null: call by call
};

}  // namespace axllama::inference
