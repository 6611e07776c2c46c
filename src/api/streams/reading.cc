#include "api/streams/reading.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "api/error_bodies.h"
#include "api/wakeup.h"
#include "base/error.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::streams {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

std::uint64_t parse_number(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        std::string(name) + " must be the number of a record, not \"" + std::string(text) + "\"");
  }
  return number;
}

/// The first record that the client has not got.
std::uint64_t first_wanted(const Request& request) {
  if (const auto from = request.query_parameter("from")) {
    return parse_number("from", *from);
  }
  const std::string* last = request.headers.find("Last-Event-ID");
  return last == nullptr || last->empty() ? 0 : parse_number("Last-Event-ID", *last) + 1;
}

void begin(ResumableStream& stream, ResponseWriter& response) {
  response.set_header("Cache-Control", "no-cache");
  response.set_header(std::string(kStreamIdHeader), stream.id());
  response.start_stream(200, stream.form().content_type);
  stream.announce();
}

/// The next records; empty when the client should hear a ping.
Awaitable<void> next_batch(Reader& reader, Reader::Batch& batch) {
  const ResumableStream::Form& form = reader.stream().form();
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto deadline =
      form.ping.empty() ? Wakeup::Clock::time_point::max() : Wakeup::Clock::now() + form.ping_interval;
  while (true) {
    Wakeup wakeup(executor, deadline);
    batch = reader.take(wakeup.trigger());
    if (batch.last || !batch.records.empty()) {
      co_return;
    }
    const bool woken = co_await wakeup.wait();
    if (!woken) {
      batch.records = form.ping;
      co_return;
    }
  }
}

Awaitable<void> read(Registry& registry, Request& request, ResponseWriter& response) {
  const std::string id(request.path_parameter("id"));
  const std::shared_ptr<ResumableStream> stream = registry.find(id);
  std::optional<Reader> reader;
  std::string gone;
  try {
    reader.emplace(stream, first_wanted(request));
  } catch (const RecordsGone& error) {
    gone = render_error(request, 410, error.message());
  }
  if (!gone.empty()) {
    co_await response.respond(410, http::kJsonContentType, gone);
    co_return;
  }
  co_await send_stream(*reader, response);
}

Awaitable<void> cancel(Registry& registry, Request& request, ResponseWriter& response) {
  registry.cancel(std::string(request.path_parameter("id")));
  co_await response.respond(204, "", "");
}

}  // namespace

bool asks_for_resumable(const Request& request) {
  const std::string* value = request.headers.find(kResumableHeader);
  return value != nullptr && *value != "0" && *value != "false";
}

Awaitable<void> send_stream(Reader& reader, ResponseWriter& response) {
  ResumableStream& stream = reader.stream();
  Reader::Batch batch;
  while (true) {
    co_await next_batch(reader, batch);
    if (batch.error && batch.records.empty() && !response.started()) {
      throw *batch.error;
    }
    if (!response.started()) {
      begin(stream, response);
    }
    if (batch.last) {
      batch.records += batch.error_records;
      co_await response.finish(batch.records);
      co_return;
    }
    co_await response.write(batch.records);
  }
}

void add_stream_routes(http::Router& router, Registry& registry, const std::shared_ptr<void>& owner) {
  router.add("GET", "/api/streams/:id", [&registry, owner](Request& request, ResponseWriter& response) {
    return read(registry, request, response);
  });
  router.add("DELETE", "/api/streams/:id", [&registry, owner](Request& request, ResponseWriter& response) {
    return cancel(registry, request, response);
  });
}

}  // namespace axllama::api::streams
