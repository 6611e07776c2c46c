#include "axcl/card.h"

#include <cstring>
#include <string>

#include "axcl/card_state.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

/// A device connected by SetDevice; let go of unless kept, so that a failing constructor leaves the card
/// free.
class Connection {
 public:
  explicit Connection(CardState& state) : state_(state) {}
  ~Connection() {
    if (!kept_) disconnect(state_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  void keep() noexcept { kept_ = true; }

  static void disconnect(CardState& state) noexcept {
    if (state.own_engine) state.abi->axclrtEngineFinalize();
    if (state.own_context) state.abi->axclrtDestroyContext(state.context);
    state.abi->axclrtResetDevice(state.device_id);
  }

 private:
  CardState& state_;
  bool kept_ = false;
};

void bind_context(CardState& state) {
  if (state.abi->axclrtGetCurrentContext(&state.context) == kAxclSuccess && state.context != nullptr) return;
  state.context = nullptr;
  check_axcl(state.abi->axclrtCreateContext(&state.context, state.device_id), "The card gives no context");
  state.own_context = true;
}

void initialise_engine(CardState& state) {
  const AxclError code = state.abi->axclrtEngineInit(VnpuKind::kDisable);
  state.own_engine = code == kAxclSuccess;
  if (state.own_engine) return;
  // A second initialisation in the same process is an error; the engine then runs already, perhaps split.
  VnpuKind kind = VnpuKind::kDisable;
  if (state.abi->axclrtEngineGetVNpuKind(&kind) != kAxclSuccess) {
    throw axcl_error("The card's engine cannot be initialised", code);
  }
  if (kind != VnpuKind::kDisable) {
    throw Error(ErrorCode::kUnavailable, "The card's engine was initialised before with virtual NPU kind " +
                                             std::to_string(static_cast<int>(kind)) +
                                             "; kind 0 (undivided) is needed.");
  }
}

}  // namespace

CallCounters CallCounters::operator-(const CallCounters& earlier) const noexcept {
  return {remote_calls - earlier.remote_calls,
          executes - earlier.executes,
          bytes_to_card - earlier.bytes_to_card,
          bytes_from_card - earlier.bytes_from_card,
          bytes_on_card - earlier.bytes_on_card,
          nanoseconds_in_calls - earlier.nanoseconds_in_calls,
          waits - earlier.waits};
}

void check_sizes(const char* call, std::size_t dst, std::size_t src) {
  if (dst == src) return;
  throw Error(ErrorCode::kInternal, std::string(call) + " was asked to move " + std::to_string(src) +
                                        " bytes into " + std::to_string(dst) + " bytes.");
}

void CardState::check_owner(const char* call) const {
  if (!open) throw Error(ErrorCode::kInternal, std::string(call) + " was called on a card that is closed.");
  if (std::this_thread::get_id() != owner) {
    throw Error(ErrorCode::kInternal,
                std::string(call) + " was called from a thread that does not own the card.");
  }
}

Card::Card(std::shared_ptr<Runtime> runtime, std::size_t index) : state_(std::make_shared<CardState>()) {
  const auto& devices = runtime->devices();
  if (index >= devices.size()) {
    throw Error(ErrorCode::kNotFound, "There is no card number " + std::to_string(index) +
                                          "; the runtime lists " + std::to_string(devices.size()) +
                                          ", counted from 0.");
  }
  CardState& state = *state_;
  state.abi = &runtime->abi();
  state.device_id = devices[index];
  state.owner = std::this_thread::get_id();
  state.runtime = std::move(runtime);
  if (const AxclError code = state.abi->axclrtSetDevice(state.device_id); code != kAxclSuccess) {
    throw axcl_error("Card " + std::to_string(state.device_id) + " cannot be opened", code);
  }
  Connection connection(state);
  bind_context(state);
  initialise_engine(state);
  connection.keep();
  state.open = true;
}

Card::~Card() {
  CardState& state = *state_;
  if (std::this_thread::get_id() != state.owner) state.abi->axclrtSetCurrentContext(state.context);
  state.open = false;
  Connection::disconnect(state);
}

std::int32_t Card::device_id() const noexcept {
  return state_->device_id;
}

Runtime& Card::runtime() noexcept {
  return *state_->runtime;
}

const CallCounters& Card::counters() const noexcept {
  return state_->counters;
}

void Card::upload(DeviceSpan dst, std::span<const std::byte> src) {
  check_sizes("upload", dst.size, src.size());
  if (src.empty()) return;
  check_axcl(state_->remote("upload",
                            [&] {
                              return state_->abi->axclrtMemcpy(device_pointer(dst.address), src.data(),
                                                               src.size(), MemcpyKind::kHostToDevice);
                            }),
             "Copying to the card failed");
  state_->counters.bytes_to_card += src.size();
}

void Card::download(std::span<std::byte> dst, DeviceSpan src) {
  check_sizes("download", dst.size(), src.size);
  if (dst.empty()) return;
  check_axcl(state_->remote("download",
                            [&] {
                              return state_->abi->axclrtMemcpy(dst.data(), device_pointer(src.address),
                                                               dst.size(), MemcpyKind::kDeviceToHost);
                            }),
             "Copying from the card failed");
  state_->counters.bytes_from_card += dst.size();
}

void Card::copy(DeviceSpan dst, DeviceSpan src) {
  check_sizes("copy", dst.size, src.size);
  if (dst.size == 0) return;
  check_axcl(state_->remote("copy",
                            [&] {
                              return state_->abi->axclrtMemcpy(device_pointer(dst.address),
                                                               device_pointer(src.address), dst.size,
                                                               MemcpyKind::kDeviceToDevice);
                            }),
             "Copying on the card failed");
  state_->counters.bytes_on_card += dst.size;
}

void Card::fill(DeviceSpan dst, std::uint8_t value) {
  if (dst.size == 0) return;
  check_axcl(
      state_->remote("fill",
                     [&] { return state_->abi->axclrtMemset(device_pointer(dst.address), value, dst.size); }),
      "Filling card memory failed");
}

std::optional<CardProperties> Card::properties() {
  if (state_->abi->axclrtGetDeviceProperties == nullptr) return std::nullopt;
  AxclDeviceProperties raw{};
  const AxclError code = state_->remote(
      "properties", [&] { return state_->abi->axclrtGetDeviceProperties(state_->device_id, &raw); });
  if (code != kAxclSuccess) return std::nullopt;
  constexpr std::uint64_t kKilobyte = 1024;
  CardProperties properties;
  properties.firmware.assign(raw.software_version,
                             ::strnlen(raw.software_version, sizeof raw.software_version));
  properties.pci_bus = raw.pci_bus;
  properties.temperature_celsius = raw.temperature / 1000.0;
  properties.memory_total_bytes = raw.memory_total_kb * kKilobyte;
  properties.memory_free_bytes = raw.memory_free_kb * kKilobyte;
  properties.cmm_total_bytes = raw.cmm_total_kb * kKilobyte;
  properties.cmm_free_bytes = raw.cmm_free_kb * kKilobyte;
  properties.cpu_percent = raw.cpu_loading / 100.0;
  properties.npu_percent = raw.npu_loading / 100.0;
  return properties;
}

}  // namespace axllama::axcl
