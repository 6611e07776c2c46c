#include "softcard/card/runtime.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "softcard/card/error.h"

namespace axllama::softcard {

namespace {

std::atomic<std::uint64_t> last_serial{0};

struct Bound {
  std::uint64_t runtime = 0;
  void* context = nullptr;
};
thread_local Bound bound;

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void join(std::string& list, const std::string& part) {
  list += (list.empty() ? "" : ", ") + part;
}

}  // namespace

Runtime::Runtime(ProgramLoader loader) : services_(std::move(loader)), serial_(++last_serial) {}

Runtime::~Runtime() {
  finalize();
}

void Runtime::init(Settings settings) {
  const std::scoped_lock lock(mutex_);
  if (initialised_) {
    return;
  }
  const bool none = settings.devices.empty();
  const std::vector<std::int32_t> ids = settings.devices;
  services_.set_settings(std::move(settings));
  if (const auto fault = services_.faults.strike_one(FaultPoint::kInit, -1)) {
    throw CardError(FaultPlan::code_of(*fault), "A fault hides the card.");
  }
  if (none) {
    throw CardError(code::kDeviceOpen, "There is no card: the software card's list of devices is empty.");
  }
  for (std::size_t index = 0; index < ids.size(); ++index) {
    slots_.push_back({.device = std::make_shared<Device>(services_, ids[index], index)});
  }
  initialised_ = true;
}

void Runtime::finalize() {
  std::unique_lock lock(mutex_);
  if (!initialised_) {
    return;
  }
  for (const Slot& slot : slots_) {
    release_all(*slot.device, "axclFinalize");
    services_.faults.recover(slot.device->id(), Recovery::kReset);
  }
  report_host_leaks();
  for (const auto& [handle, object] : contexts_.all()) {
    contexts_.remove(handle);
  }
  slots_.clear();
  initialised_ = false;
  lock.unlock();
  write_counters();
}

bool Runtime::initialised() const {
  const std::scoped_lock lock(mutex_);
  return initialised_;
}

std::vector<std::int32_t> Runtime::device_ids() {
  const std::scoped_lock lock(mutex_);
  hidden_ = initialised_ && services_.faults.strike_one(FaultPoint::kList, -1).has_value();
  if (hidden_) {
    return {};
  }
  std::vector<std::int32_t> ids;
  for (const Slot& slot : slots_) {
    ids.push_back(slot.device->id());
  }
  return ids;
}

const Runtime::Slot& Runtime::slot(std::int32_t id) const {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.device->id() == id; });
  if (found == slots_.end() || hidden_) {
    throw CardError(code::kDeviceInvalidId, "There is no card with the id " + std::to_string(id) +
                                                "; ids are those that axclrtGetDeviceList lists.");
  }
  return *found;
}

Runtime::Slot& Runtime::slot(std::int32_t id) {
  return const_cast<Slot&>(std::as_const(*this).slot(id));
}

std::shared_ptr<Device> Runtime::device(std::int32_t id) const {
  const std::scoped_lock lock(mutex_);
  return slot(id).device;
}

void Runtime::set_device(std::int32_t id) {
  const std::scoped_lock lock(mutex_);
  Slot& card = slot(id);
  card.device->require_online();
  if (card.references++ == 0) {
    card.default_context = contexts_.add(std::make_shared<Context>(card.device, true));
  }
  bind(card.default_context);
}

void Runtime::reset_device(std::int32_t id) {
  const std::scoped_lock lock(mutex_);
  Slot& card = slot(id);
  if (card.references == 0) {
    throw CardError(code::kDeviceNotActive, "Card " + std::to_string(id) +
                                                " is reset more often than it was set by axclrtSetDevice.");
  }
  if (--card.references == 0) {
    release_all(*card.device, "axclrtResetDevice(" + std::to_string(id) + ")");
    contexts_.remove(std::exchange(card.default_context, nullptr));
    services_.faults.recover(id, Recovery::kReset);
  }
}

void Runtime::reboot_device(std::int32_t id) {
  std::chrono::milliseconds time{};
  {
    const std::scoped_lock lock(mutex_);
    Slot& card = slot(id);
    release_all(*card.device, "axclrtRebootDevice(" + std::to_string(id) + ")");
    if (card.default_context != nullptr) {
      contexts_.remove(std::exchange(card.default_context, nullptr));
    }
    card.references = 0;
    services_.faults.recover(id, Recovery::kReboot);
    time = services_.settings()->reboot_time;
  }
  std::this_thread::sleep_for(time);
}

// Streams go first: what they still run needs the rest.
void Runtime::release_all(Device& device, const std::string& when) {
  device.interrupt();
  std::string left;
  std::size_t streams = 0;
  for (const auto& [handle, stream] : streams_.all()) {
    if (stream->device.get() == &device) {
      streams_.remove(handle);
      stream->queue.close(false);
      ++streams;
    }
  }
  if (streams != 0) {
    join(left, counted(streams, "stream"));
  }
  std::size_t contexts = 0;
  for (const auto& [handle, context] : contexts_.all()) {
    if (&context->device() != &device) {
      continue;
    }
    if (const auto stream = context->existing_default_stream()) {
      stream->queue.close(false);
    }
    if (!context->is_default()) {
      contexts_.remove(handle);
      ++contexts;
    }
  }
  if (contexts != 0) {
    join(left, counted(contexts, "context"));
  }
  const auto models = models_.unload_all(device);
  if (!models.empty()) {
    join(left, counted(models.size(), "model") + " (first: " + models.front() + ")");
  }
  std::uint64_t bytes = 0;
  const auto blocks = device.memory().blocks();
  for (const auto& block : blocks) {
    bytes += block->size();
  }
  if (!blocks.empty()) {
    join(left, counted(blocks.size(), "memory block") + " of " + std::to_string(bytes) + " bytes together");
  }
  device.memory().clear();
  device.engine_finalize();
  if (!left.empty()) {
    services_.reports.add(
        {.kind = "leak",
         .text = when + " finds on card " + std::to_string(device.id()) + " not released: " + left + "."});
  }
}

void Runtime::report_host_leaks() {
  std::string left;
  const auto drain = [&](auto& table, const char* what) {
    const auto live = table.all();
    for (const auto& [handle, object] : live) {
      table.remove(handle);
    }
    if (!live.empty()) {
      join(left, counted(live.size(), what));
    }
  };
  drain(events_, "event");
  drain(objects_, "IO object");
  drain(infos_, "IO info");
  if (const auto blocks = services_.host_memory.block_count(); blocks != 0) {
    join(left, counted(blocks, "block") + " of host memory, " +
                   std::to_string(services_.host_memory.bytes()) + " bytes together");
  }
  if (!left.empty()) {
    services_.reports.add(
        {.kind = "leak", .text = "axclFinalize finds on the host not released: " + left + "."});
  }
}

void Runtime::bind(void* handle) const {
  bound = {serial_, handle};
}

void* Runtime::create_context(std::int32_t id) {
  const std::scoped_lock lock(mutex_);
  const Slot& card = slot(id);
  card.device->require_online();
  void* handle = contexts_.add(std::make_shared<Context>(card.device, false));
  bind(handle);
  return handle;
}

void Runtime::destroy_context(void* handle) {
  if (handle == nullptr) {
    throw CardError(code::kContextNull, "The context is null.");
  }
  const auto context = contexts_.find(handle);
  if (!context) {
    const std::string text = contexts_.is_stale(handle) ? "The context was destroyed before."
                                                        : "The handle is not one of a context.";
    services_.reports.add({.kind = "handle", .text = "axclrtDestroyContext: " + text});
    throw CardError(code::kContextIllegal, text);
  }
  if (context->is_default()) {
    throw CardError(code::kContextIllegal,
                    "A card's default context goes with axclrtResetDevice, not before.");
  }
  contexts_.remove(handle);
  if (const auto stream = context->existing_default_stream()) {
    stream->queue.close(true);
  }
}

void Runtime::set_current_context(void* handle) {
  if (handle == nullptr) {
    throw CardError(code::kContextNull, "The context is null.");
  }
  if (!contexts_.find(handle)) {
    const std::string text = contexts_.is_stale(handle) ? "The context was destroyed before."
                                                        : "The handle is not one of a context.";
    services_.reports.add({.kind = "handle", .text = "axclrtSetCurrentContext: " + text});
    throw CardError(code::kContextIllegal, text);
  }
  bind(handle);
}

void* Runtime::current_handle() const {
  current();
  return bound.context;
}

std::shared_ptr<Context> Runtime::current() const {
  auto context = bound.runtime == serial_ ? contexts_.find(bound.context) : nullptr;
  if (!context) {
    throw CardError(code::kNoContextBound, "The calling thread has no context bound.");
  }
  return context;
}

void* Runtime::default_context(std::int32_t id) const {
  const std::scoped_lock lock(mutex_);
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.device->id() == id; });
  if (found == slots_.end() || found->default_context == nullptr) {
    throw CardError(code::kDeviceNotActive,
                    "Card " + std::to_string(id) + " is not held by axclrtSetDevice.");
  }
  return found->default_context;
}

std::shared_ptr<CardStream> Runtime::stream(const void* handle) const {
  if (handle == nullptr) {
    throw CardError(code::kStreamNull, "The stream is null.");
  }
  auto stream = streams_.find(handle);
  if (!stream) {
    throw CardError(code::kStreamIllegal, streams_.is_stale(handle) ? "The stream was destroyed before."
                                                                    : "The handle is not one of a stream.");
  }
  return stream;
}

std::vector<std::shared_ptr<CardStream>> Runtime::streams_of(const Device& device) const {
  std::vector<std::shared_ptr<CardStream>> result;
  for (const auto& [handle, stream] : streams_.all()) {
    if (stream->device.get() == &device) {
      result.push_back(stream);
    }
  }
  for (const auto& [handle, context] : contexts_.all()) {
    if (&context->device() == &device) {
      if (auto stream = context->existing_default_stream()) {
        result.push_back(std::move(stream));
      }
    }
  }
  return result;
}

}  // namespace axllama::softcard
