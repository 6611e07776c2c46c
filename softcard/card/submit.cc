#include "softcard/card/submit.h"

#include <exception>
#include <utility>

#include "softcard/card/error.h"

namespace axllama::softcard {

void submit(CardStream& stream, std::chrono::duration<double> time, Work work) {
  const RemoteCall call(*stream.device, RemoteCall::Kind::kSubmission);
  time += std::chrono::duration<double, std::micro>(stream.device->services().settings()->timing.dispatch_us);
  Reports& reports = stream.device->services().reports;
  const bool accepted =
      stream.queue.submit([time, work = std::move(work), &reports](const std::stop_token& stop) {
        const auto begin = std::chrono::steady_clock::now();
        try {
          work(stop);
          if (time.count() > 0) {
            wait_until(begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
          }
          return 0;
        } catch (const CardError& error) {
          return error.code();
        } catch (const std::exception& error) {
          reports.add({.kind = "stream", .text = std::string("Work in a stream failed: ") + error.what()});
          return code::kPlainFail;
        }
      });
  if (!accepted) {
    throw CardError(code::kStreamIllegal, "The stream is being destroyed.");
  }
}

}  // namespace axllama::softcard
