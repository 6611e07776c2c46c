#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"
#include "softcard/card/submit.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::CardStream;
using softcard::Event;
using softcard::guarded;
using softcard::require;
using softcard::runtime;
namespace code = axllama::softcard::code;

namespace {

void destroy(axclrtStream stream, bool drain) {
  const auto target = runtime().stream(stream);
  runtime().streams().remove(stream);
  target->queue.close(drain);
}

std::int32_t synchronize(axclrtStream stream, std::int32_t timeout_ms) {
  const auto target = runtime().stream(stream);
  if (target->queue.synchronize(timeout_ms) == softcard::Stream::Wait::kTimedOut) {
    throw CardError(code::kStreamSyncTimeout,
                    "The stream is still at work after " + std::to_string(timeout_ms) + " ms.");
  }
  return target->queue.take_error();
}

std::shared_ptr<Event> find_event(axclrtEvent event) {
  require(event, code::kStreamNull, "The event");
  auto found = runtime().events().find(event);
  if (!found) {
    throw CardError(code::kStreamIllegal, "The handle is not one of an event.");
  }
  return found;
}

void wait_event(axclrtStream stream, axclrtEvent event, std::int32_t timeout_ms) {
  const auto target = runtime().stream(stream);
  auto awaited = find_event(event);
  const auto record = awaited->last_record();
  softcard::submit(*target, {}, [awaited, record, timeout_ms](const std::stop_token& stop) {
    if (!awaited->wait(record, timeout_ms, stop)) {
      throw CardError(code::kStreamWait, "The awaited event did not happen in time.");
    }
  });
}

}  // namespace

axclError axclrtCreateStream(axclrtStream* stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(stream, code::kStreamNull, "The place for the stream");
    const auto context = runtime().current();
    const softcard::RemoteCall call(context->device());
    *stream = runtime().streams().add(std::make_shared<CardStream>(context->shared_device()));
  });
}

axclError axclrtDestroyStream(axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { destroy(stream, true); });
}

axclError axclrtDestroyStreamForce(axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { destroy(stream, false); });
}

axclError axclrtSynchronizeStream(axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { return synchronize(stream, -1); });
}

axclError axclrtSynchronizeStreamWithTimeout(axclrtStream stream, std::int32_t timeout_ms) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { return synchronize(stream, timeout_ms); });
}

axclError axclrtCreateEvent(axclrtEvent* event) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(event, code::kStreamNull, "The place for the event");
    try {
      runtime().current();
    } catch (const CardError&) {
      throw CardError(code::kNoActiveDevice, "The calling thread has no active card.");
    }
    *event = runtime().events().add(std::make_shared<Event>());
  });
}

axclError axclrtDestroyEvent(axclrtEvent event) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    find_event(event);
    runtime().events().remove(event);
  });
}

axclError axclrtRecordEvent(axclrtEvent event, axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto target = runtime().stream(stream);
    auto recorded = find_event(event);
    const auto record = recorded->begin_record();
    softcard::submit(*target, {}, [recorded, record](const std::stop_token&) { recorded->complete(record); });
  });
}

axclError axclrtStreamWaitEvent(axclrtStream stream, axclrtEvent event) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { wait_event(stream, event, -1); });
}

axclError axclrtStreamWaitEventWithTimeout(axclrtStream stream, axclrtEvent event, std::int32_t timeout_ms) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { wait_event(stream, event, timeout_ms); });
}
