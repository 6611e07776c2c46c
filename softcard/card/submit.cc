#include "softcard/card/submit.h"

#include <exception>
#include <utility>

#include "softcard/card/error.h"

namespace axllama::softcard {

namespace {

template <typename Part>
void last_at_least(std::chrono::duration<double> time, Part&& part) {
  const auto begin = std::chrono::steady_clock::now();
  std::forward<Part>(part)();
  if (time.count() > 0) {
    wait_until(begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  }
}

}  // namespace

void submit(CardStream& stream, std::chrono::duration<double> time, Work work) {
  Services& services = stream.device->services();
  const RemoteCall call(*stream.device, RemoteCall::Kind::kSubmission);
  auto order = Stream::Order::kInTurn;
  for (const FaultRule& rule : services.faults.strike(FaultPoint::kSubmit, stream.device->id(), {})) {
    switch (rule.kind) {
      case FaultKind::kLostWork:
        work = [](const std::stop_token&) {};
        break;
      case FaultKind::kReorderedWork:
        order = Stream::Order::kAfterNext;
        break;
      case FaultKind::kLateWork:
        order = Stream::Order::kUnawaited;
        break;
      default:
        throw CardError(FaultPlan::code_of(rule), "A fault refuses the work.");
    }
  }
  const std::chrono::duration<double, std::micro> dispatch(services.settings()->timing.dispatch_us);
  Reports& reports = services.reports;
  const bool accepted = stream.queue.submit(
      [time, dispatch, work = std::move(work), &reports](const std::stop_token& stop) {
        try {
          last_at_least(dispatch, [] {});
          last_at_least(time, [&] { work(stop); });
          return 0;
        } catch (const CardError& error) {
          return error.code();
        } catch (const std::exception& error) {
          reports.add({.kind = "stream", .text = std::string("Work in a stream failed: ") + error.what()});
          return code::kPlainFail;
        }
      },
      order);
  if (!accepted) {
    throw CardError(code::kStreamIllegal, "The stream is being destroyed.");
  }
}

}  // namespace axllama::softcard
