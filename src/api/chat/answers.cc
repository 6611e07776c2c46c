#include "api/chat/answers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "api/event_reader.h"
#include "api/streams/reading.h"
#include "base/error.h"
#include "http/status.h"
#include "telemetry/log.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::chat {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;
using StreamPointer = std::shared_ptr<serving::ResponseStream>;

constexpr std::chrono::milliseconds kNoPings{0};
constexpr std::size_t kFallbackContext = 2048;  // a model that was unloaded as soon as it was loaded

/// A model loaded only to learn its context length stays until the generation is submitted.
constexpr serving::KeepAlive kWhilePreparing{std::chrono::minutes(1)};

StreamPointer start_preparing_load(Core& core, const OpenModel& model,
                                   const std::optional<serving::KeepAlive>& keep_alive) {
  const bool unloads_at_once = keep_alive && keep_alive->duration.count() == 0;
  return core.service.load(model.reference(), unloads_at_once ? kWhilePreparing : keep_alive);
}

/// `copy` counts the answers to one request: each is to be another one.
StreamPointer start_generation(Core& core, const ChatRequest& request, const BuiltPrompt& prompt,
                               std::size_t copy, const std::string& client) {
  serving::InferenceRequest inference;
  inference.model = request.model.reference();
  inference.generation = make_generation(request, prompt);
  if (auto& seed = inference.generation.sampling.seed) {
    *seed += copy;
  }
  inference.keep_alive = request.keep_alive;
  inference.client = client;
  return core.service.submit(std::move(inference));
}

/// Who asked, for the log and for fairness.
struct Asker {
  std::string request_id;
  std::string client;
};

void log_cut_answer(const Asker& asker, const base::Error& error) {
  telemetry::log(telemetry::LogLevel::kWarning, "an answer ended with an error",
                 {{"id", asker.request_id}, {"error", error.what()}});
}

/// A stream's way to its client.
class StreamSender {
 public:
  StreamSender(StreamForm& form, std::chrono::milliseconds ping_interval, ResponseWriter& response)
      : form_(form), ping_interval_(form.ping().empty() ? kNoPings : ping_interval), response_(response) {}

  /// The next event; the client hears in the meantime that the stream is alive. (Many events may pass without
  /// a word to the client, as while a call is put together.)
  Awaitable<void> next(StreamPointer stream, serving::ResponseEvent& event) {
    while (true) {
      std::optional<serving::ResponseEvent> arrived;
      if (ping_interval_ == kNoPings) {
        arrived = co_await next_event(stream);
      } else {
        const auto silent_for =
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last_sent_);
        const auto patience = std::max(ping_interval_ - silent_for, std::chrono::milliseconds(0));
        arrived = co_await next_event_within(stream, patience);
      }
      if (arrived) {
        event = std::move(*arrived);
        co_return;
      }
      const std::string ping = form_.ping();
      co_await send(ping);
    }
  }

  Awaitable<void> send(const std::string& records) {
    if (records.empty()) {
      co_return;
    }
    start();
    co_await response_.write(records);
    last_sent_ = Clock::now();
  }
  Awaitable<void> finish(const std::string& records) {
    start();
    co_await response_.finish(records);
  }

  bool started() const { return response_.started(); }

 private:
  using Clock = std::chrono::steady_clock;

  void start() {
    if (!response_.started()) {
      if (form_.content_type() == http::kEventStreamContentType) {
        response_.set_header("Cache-Control", "no-cache");
      }
      response_.start_stream(200, form_.content_type());
    }
  }

  StreamForm& form_;
  std::chrono::milliseconds ping_interval_;
  ResponseWriter& response_;
  Clock::time_point last_sent_ = Clock::now();
};

Awaitable<void> next_or_ping(StreamPointer stream, StreamSender* sender, serving::ResponseEvent& event) {
  if (sender != nullptr) {
    co_await sender->next(stream, event);
  } else {
    event = co_await next_event(stream);
  }
}

Awaitable<void> wait_until_ready(StreamPointer stream, StreamSender* sender,
                                 std::chrono::nanoseconds& load_time) {
  while (true) {
    serving::ResponseEvent event;
    co_await next_or_ping(stream, sender, event);
    if (const auto* error = std::get_if<base::Error>(&event)) {
      throw *error;
    }
    if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
      load_time += ready->load_time;
      co_return;
    }
    if (const auto* token = std::get_if<inference::TokenEvent>(&event); token != nullptr && token->done) {
      throw base::Error(base::ErrorCode::kCancelled, "request canceled");
    }
  }
}

Awaitable<void> find_context_with(Core& core, const OpenModel& model,
                                  const std::optional<serving::KeepAlive>& keep_alive, StreamSender* sender,
                                  std::size_t& context, std::chrono::nanoseconds& load_time) {
  auto known = core.contexts.find(model);
  if (!known) {
    StreamPointer loading = start_preparing_load(core, model, keep_alive);
    co_await wait_until_ready(loading, sender, load_time);
    known = core.contexts.find(model);
  }
  context = known.value_or(kFallbackContext);
}

Awaitable<void> prepare_with(Core& core, const ChatRequest& request, StreamSender* sender,
                             BuiltPrompt& prompt, std::chrono::nanoseconds& load_time) {
  std::size_t context_length = 0;
  co_await find_context_with(core, request.model, request.keep_alive, sender, context_length, load_time);
  if (const std::size_t usual = core.options.context_length; usual > 0 && !request.options.num_ctx) {
    context_length = std::min(context_length, usual);
  }
  std::function<void()> build = [&] { prompt = build_prompt(request, context_length); };
  co_await core.background.run(build);
}

/// One answer of a stream on its way from events to records.
struct AnswerInStream {
  AnswerReader reader;
  StreamForm& form;
  const BuiltPrompt& prompt;
  bool begun = false;

  std::string take(serving::ResponseEvent event) {
    std::vector<AnswerPiece> pieces = reader.take(std::move(event));
    std::string records;
    if (!begun && !reader.error()) {
      begun = true;
      records = form.begin(prompt);
    }
    for (AnswerPiece& piece : pieces) {
      records += form.piece(std::move(piece));
    }
    if (reader.done() && !reader.error()) {
      records += form.end(reader.end());
    }
    return records;
  }

  /// Everything that has arrived by now.
  std::string take_arrived(serving::ResponseEvent first, serving::ResponseStream& stream) {
    std::string records = take(std::move(first));
    while (!reader.done()) {
      auto event = stream.try_next();
      if (!event) {
        break;
      }
      records += take(std::move(*event));
    }
    return records;
  }
};

/// The last records are left in `rest` so that they leave with what follows them.
Awaitable<void> send_answer(AnswerInStream& answer, StreamPointer stream, StreamSender& sender,
                            std::string& rest) {
  while (!answer.reader.done()) {
    co_await sender.send(rest);
    rest.clear();
    serving::ResponseEvent event;
    co_await sender.next(stream, event);
    rest = answer.take_arrived(std::move(event), *stream);
  }
}

AnswerInStream begin_answer(const ChatRequest& asked, const BuiltPrompt& prompt, StreamForm& form,
                            std::chrono::nanoseconds load_time) {
  return {AnswerReader(asked, prompt, load_time), form, prompt};
}

Awaitable<void> send_all(Core& core, const AnswerPlan& plan, StreamForm& form, StreamSender& sender,
                         const std::string& client, std::string& rest) {
  for (const ChatRequest& asked : plan.requests) {
    BuiltPrompt prompt;
    std::chrono::nanoseconds load_time{0};
    co_await prepare_with(core, asked, &sender, prompt, load_time);
    for (std::size_t copy = 0; copy < plan.answers_each; ++copy) {
      StreamPointer stream = start_generation(core, asked, prompt, copy, client);
      AnswerInStream answer = begin_answer(asked, prompt, form, load_time);
      co_await send_answer(answer, stream, sender, rest);
      if (answer.reader.error()) {
        throw *answer.reader.error();
      }
    }
  }
}

Awaitable<void> collect_answer(AnswerReader& reader, StreamPointer stream, WholeAnswer& answer) {
  while (!reader.done()) {
    serving::ResponseEvent event = co_await next_event(stream);
    for (AnswerPiece& piece : reader.take(std::move(event))) {
      append(answer.pieces, std::move(piece));
    }
  }
  if (reader.error()) {
    throw *reader.error();
  }
  answer.end = reader.end();
}

Awaitable<void> make_stream(Core& core, StreamedAnswers& answers, Asker asker, ResponseWriter& response) {
  StreamForm& form = *answers.form;
  StreamSender sender(form, answers.plan.ping_interval, response);
  std::optional<base::Error> failure;
  std::string rest;  // records not sent yet
  try {
    co_await send_all(core, answers.plan, form, sender, asker.client, rest);
    rest += form.finish();
  } catch (const base::Error& error) {
    if (!sender.started() && rest.empty()) {
      throw;
    }
    failure = error;
  }
  if (failure) {
    log_cut_answer(asker, *failure);
    rest += form.error(*failure);
  }
  co_await sender.finish(rest);
}

/// Null when there is no room for another one.
std::unique_ptr<streams::Reader> start_resumable(Core& core, const StreamedAnswersPointer& answers,
                                                 const Asker& asker) {
  StreamForm& form = *answers->form;
  streams::ResumableStream::Form stream{std::string(form.content_type()), form.ping(),
                                        answers->plan.ping_interval};
  return core.streams.start(
      std::move(stream),
      [&core, answers, asker](ResponseWriter& writer) {
        answers->plan.ping_interval = kNoPings;  // each reader sees to its own
        return make_stream(core, *answers, asker, writer);
      },
      [answers](const base::Error& error) { return answers->form->error(error); });
}

}  // namespace

Awaitable<void> prepare(Core& core, const ChatRequest& request, BuiltPrompt& prompt) {
  std::chrono::nanoseconds load_time{0};
  co_await prepare_with(core, request, nullptr, prompt, load_time);
}

Awaitable<void> load(Core& core, const OpenModel& model, const std::optional<serving::KeepAlive>& keep_alive,
                     std::chrono::nanoseconds& load_time) {
  StreamPointer loading = core.service.load(model.reference(), keep_alive);
  co_await wait_until_ready(loading, nullptr, load_time);
}

Awaitable<void> find_context(Core& core, const OpenModel& model,
                             const std::optional<serving::KeepAlive>& keep_alive, std::size_t& context,
                             std::chrono::nanoseconds& load_time) {
  co_await find_context_with(core, model, keep_alive, nullptr, context, load_time);
}

Awaitable<void> stream_answers(Core& core, const StreamedAnswersPointer& answers, const Request& request,
                               ResponseWriter& response) {
  const Asker asker{request.id, request.remote_address};
  std::unique_ptr<streams::Reader> reader;
  if (streams::asks_for_resumable(request)) {
    reader = start_resumable(core, answers, asker);
  }
  if (reader) {
    co_await streams::send_stream(*reader, response);
  } else {
    co_await make_stream(core, *answers, asker, response);
  }
}

Awaitable<void> collect_answers(Core& core, const AnswerPlan& plan, const Request& request,
                                std::vector<WholeAnswer>& answers) {
  for (const ChatRequest& asked : plan.requests) {
    BuiltPrompt prompt;
    std::chrono::nanoseconds load_time{0};
    co_await prepare_with(core, asked, nullptr, prompt, load_time);
    for (std::size_t copy = 0; copy < plan.answers_each; ++copy) {
      StreamPointer stream = start_generation(core, asked, prompt, copy, request.remote_address);
      AnswerReader reader(asked, prompt, load_time);
      WholeAnswer& answer = answers.emplace_back();
      co_await collect_answer(reader, stream, answer);
    }
  }
}

}  // namespace axllama::api::chat
