#include "cli/answer_stream.h"

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "cli/pause.h"
#include "cli/progress_bar.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kPollInterval{150};

/// Asks a server how far it is with loading, on a thread and a connection of its own, and draws the bar.
class LoadingBar {
 public:
  explicit LoadingBar(std::string base_url)
      : thread_([url = std::move(base_url)](const std::stop_token& stop) { watch(url, stop); }) {}

 private:
  static void watch(const std::string& url, const std::stop_token& stop) {
    ApiClient client(url);
    ProgressBar bar("loading", "layers");
    while (pause_for(kPollInterval, stop)) {
      try {
        if (const auto state = loading_state(client.get("/api/ps")))
          bar.update(state->layers_loaded, state->layers_total);
      } catch (const base::Error&) {
        return;  // the answer itself will say what is wrong
      }
    }
  }

  std::jthread thread_;
};

}  // namespace

std::optional<LoadingState> loading_state(const Json& ps_reply) {
  const auto models = ps_reply.find("models");
  if (models == ps_reply.end() || !models->is_array()) return std::nullopt;
  for (const Json& model : *models) {
    const auto loading = model.find("loading");
    if (loading == model.end() || !loading->is_object()) continue;
    return LoadingState{loading->value("layers_loaded", std::size_t{0}),
                        loading->value("layers_total", std::size_t{0})};
  }
  return std::nullopt;
}

bool stream_answer(ApiClient& client, const std::string& path, const Json& request, AnswerPrinter& printer,
                   const std::atomic<bool>& cancelled) {
  std::optional<LoadingBar> bar;
  if (stderr_is_terminal()) bar.emplace(client.base_url());
  return client.stream(
      path, request,
      [&](const Json& record) {
        bar.reset();
        printer.record(record);
        return true;
      },
      &cancelled);
}

}  // namespace axllama::cli
