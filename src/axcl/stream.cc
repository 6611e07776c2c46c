#include "axcl/stream.h"

#include <string>
#include <utility>
#include <vector>

#include "axcl/card.h"
#include "axcl/card_state.h"
#include "axcl/io_binding_impl.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

/// So long the work of a stream that is to go may take before it is given up: longer than any execution.
constexpr std::chrono::milliseconds kDrainPatience{10000};

constexpr std::int32_t kForEver = -1;
constexpr std::int32_t kTimedOut = axcl_code(0x80300383U);
constexpr std::int32_t kTimedOutGeneric = axcl_code(0x80300305U);

bool is_timeout(AxclError code) noexcept {
  constexpr AxclError kPlainTimedOut = 5;
  return code == kTimedOut || code == kTimedOutGeneric || code == kPlainTimedOut;
}

const char* copy_name(MemcpyKind kind) noexcept {
  switch (kind) {
    case MemcpyKind::kHostToDevice:
      return "to the card";
    case MemcpyKind::kDeviceToHost:
      return "from the card";
    case MemcpyKind::kDeviceToDevice:
    case MemcpyKind::kHostToHost:
      break;
  }
  return "on the card";
}

}  // namespace

struct Stream::Impl {
  /// A piece of work under way: an execution, or a copy.
  struct Piece {
    std::shared_ptr<IoBinding::Impl> execution;  // null: a copy
    MemcpyKind kind = MemcpyKind::kHostToHost;
    std::size_t bytes = 0;

    std::string describe() const {
      return execution ? "Executing " + execution->where()
                       : "Copying " + std::to_string(bytes) + " bytes " + copy_name(kind);
    }
  };

  std::shared_ptr<CardState> card;
  AxclStream stream = nullptr;
  std::vector<Piece> pieces;

  ~Impl() {
    if (stream != nullptr) card->release([this] { return end(); });
    forget();
  }

  AxclError end() const {
    const Abi& abi = *card->abi;
    if (!pieces.empty() && is_timeout(wait(static_cast<std::int32_t>(kDrainPatience.count()))) &&
        abi.axclrtDestroyStreamForce != nullptr) {
      return abi.axclrtDestroyStreamForce(stream);
    }
    return abi.axclrtDestroyStream(stream);
  }

  AxclError wait(std::int32_t limit_ms) const {
    const Abi& abi = *card->abi;
    return limit_ms == kForEver || abi.axclrtSynchronizeStreamWithTimeout == nullptr
               ? abi.axclrtSynchronizeStream(stream)
               : abi.axclrtSynchronizeStreamWithTimeout(stream, limit_ms);
  }

  void add(Piece piece) {
    if (piece.execution) piece.execution->in_streams += 1;
    pieces.push_back(std::move(piece));
  }

  void forget() noexcept {
    for (const Piece& piece : pieces) {
      if (piece.execution) piece.execution->in_streams -= 1;
    }
    pieces.clear();
  }

  void copy(const char* call, void* dst, const void* src, std::size_t bytes, MemcpyKind kind) {
    const AxclError code =
        card->remote(call, [&] { return card->abi->axclrtMemcpyAsync(dst, src, bytes, kind, stream); });
    const Piece piece{nullptr, kind, bytes};
    if (code != kAxclSuccess) throw axcl_error(piece.describe() + " in a stream was refused", code);
    add(piece);
  }

  /// The card does not tell which piece failed, but what part of it complains.
  Error failure(AxclError code) const {
    const AxclPart part = axcl_part(code);
    std::vector<const Piece*> suspects;
    for (const Piece& piece : pieces) {
      const bool other =
          (part == AxclPart::kEngine && !piece.execution) || (part == AxclPart::kMemory && piece.execution);
      if (!other) suspects.push_back(&piece);
    }
    if (suspects.size() == 1) return axcl_error(suspects.front()->describe() + " failed", code);
    if (suspects.empty()) return axcl_error("Work in a stream failed", code);
    return axcl_error("One of " + std::to_string(suspects.size()) +
                          " pieces of work in a stream failed, from \"" + suspects.front()->describe() +
                          "\" to \"" + suspects.back()->describe() + "\"",
                      code);
  }

  bool synchronise(std::int32_t limit_ms) {
    const AxclError code = card->wait([&] { return wait(limit_ms); });
    if (limit_ms != kForEver && is_timeout(code)) return false;
    if (code != kAxclSuccess) {
      Error error = failure(code);
      forget();
      throw error;
    }
    forget();
    return true;
  }
};

bool Stream::offered(const Card& card) noexcept {
  const Abi& abi = *card.state_->abi;
  return abi.axclrtCreateStream != nullptr && abi.axclrtDestroyStream != nullptr &&
         abi.axclrtSynchronizeStream != nullptr && abi.axclrtMemcpyAsync != nullptr &&
         abi.axclrtEngineExecuteAsync != nullptr;
}

Stream::Stream(Card& card) : impl_(std::make_unique<Impl>()) {
  if (!offered(card)) {
    throw Error(ErrorCode::kUnsupported,
                "The runtime " + card.state_->runtime->version() + " has no streams of work for a card.");
  }
  impl_->card = card.state_;
  check_axcl(
      impl_->card->remote("Stream", [&] { return impl_->card->abi->axclrtCreateStream(&impl_->stream); }),
      "The card gives no stream");
}

Stream::~Stream() = default;

void Stream::upload(DeviceSpan dst, std::span<const std::byte> src) {
  check_sizes("upload", dst.size, src.size());
  if (src.empty()) return;
  impl_->copy("upload", device_pointer(dst.address), src.data(), src.size(), MemcpyKind::kHostToDevice);
  impl_->card->counters.bytes_to_card += src.size();
}

void Stream::download(std::span<std::byte> dst, DeviceSpan src) {
  check_sizes("download", dst.size(), src.size);
  if (dst.empty()) return;
  impl_->copy("download", dst.data(), device_pointer(src.address), dst.size(), MemcpyKind::kDeviceToHost);
  impl_->card->counters.bytes_from_card += dst.size();
}

void Stream::copy(DeviceSpan dst, DeviceSpan src) {
  check_sizes("copy", dst.size, src.size);
  if (dst.size == 0) return;
  impl_->copy("copy", device_pointer(dst.address), device_pointer(src.address), dst.size,
              MemcpyKind::kDeviceToDevice);
  impl_->card->counters.bytes_on_card += dst.size;
}

void Stream::execute(IoBinding& binding) {
  const std::shared_ptr<IoBinding::Impl>& io = binding.impl_;
  io->check();
  CardState& card = *impl_->card;
  if (io->model->card != impl_->card) {
    throw Error(ErrorCode::kInternal, "A stream of card " + std::to_string(card.device_id) +
                                          " was to execute " + io->where() + ", which is loaded on card " +
                                          std::to_string(io->model->card->device_id) + ".");
  }
  const AxclError code = card.remote("execute", [&] {
    return card.abi->axclrtEngineExecuteAsync(io->model->model_id, io->model->context_id, io->group, io->io,
                                              impl_->stream);
  });
  if (code != kAxclSuccess) throw axcl_error("Executing " + io->where() + " in a stream was refused", code);
  card.counters.executes += 1;
  impl_->add({io});
}

void Stream::synchronise() {
  impl_->synchronise(kForEver);
}

bool Stream::synchronise_for(std::chrono::milliseconds limit) {
  return impl_->synchronise(static_cast<std::int32_t>(limit.count()));
}

std::size_t Stream::pending() const noexcept {
  return impl_->pieces.size();
}

}  // namespace axllama::axcl
