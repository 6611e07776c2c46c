#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/answer_printer.h"
#include "cli/answer_stream.h"
#include "cli/api_client.h"
#include "cli/chat_session.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/repl.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kInterruptedStatus = 130;

struct RunOptions {
  std::string model;
  std::vector<std::string> prompt;
  std::string format;
  std::string think;
  std::string keep_alive;
  bool hide_thinking = false;
  bool no_word_wrap = false;
  bool verbose = false;
};

Json think_value(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  return text;
}

ChatSession session_of(const RunOptions& options, const Json& model) {
  ChatSession session;
  session.model = options.model;
  session.messages = model.value("messages", Json::array());
  session.format = options.format;
  session.verbose = options.verbose;
  session.hide_thinking = options.hide_thinking;
  session.word_wrap = !options.no_word_wrap;
  if (!options.keep_alive.empty()) session.keep_alive = options.keep_alive;
  if (!options.think.empty()) session.think = think_value(options.think);
  return session;
}

/// One prompt, one answer: what scripts and pipes use.
int answer_once(ApiClient& client, const ChatSession& session, const std::string& prompt) {
  Json request{{"model", session.model}, {"prompt", prompt}};
  if (!session.format.empty()) request["format"] = session.chat_request().at("format");
  if (session.keep_alive) request["keep_alive"] = *session.keep_alive;
  if (session.think) request["think"] = *session.think;

  const InterruptGuard interrupts;
  AnswerPrinter printer({session.word_wrap, session.hide_thinking, session.verbose});
  const bool complete = stream_answer(client, "/api/generate", request, printer, InterruptGuard::flag());
  printer.finish();
  return complete ? 0 : kInterruptedStatus;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The words of the command line, and before them what is piped in.
std::string whole_prompt(const std::vector<std::string>& words) {
  const std::string typed = joined(words);
  if (stdin_is_terminal()) return typed;
  const std::string piped{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  if (piped.empty() || typed.empty()) return piped.empty() ? typed : piped;
  return piped + "\n" + typed;
}

int run(const RunOptions& options) {
  ApiClient client;
  const Json model = client.post("/api/show", Json{{"model", options.model}});
  const ChatSession session = session_of(options, model);
  const std::string prompt = whole_prompt(options.prompt);
  if (!prompt.empty() || !stdin_is_terminal() || !options.prompt.empty()) {
    if (prompt.empty()) throw base::Error(base::ErrorCode::kInvalidArgument, "the prompt is empty");
    return answer_once(client, session, prompt);
  }
  return run_repl(client, session);
}

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Talk to a model, or answer one prompt");
  command->add_option("MODEL", options->model, "Name of the model")->required();
  command->add_option("PROMPT", options->prompt, "The prompt; without it a conversation begins");
  command->add_option("--format", options->format, "Response format (json)");
  command->add_option("--think", options->think, "Thinking: true, false, or high, medium, low")
      ->expected(0, 1)
      ->default_str("true")
      ->default_val("");
  command->add_flag("--hidethinking", options->hide_thinking, "Do not show thinking");
  command->add_option("--keepalive", options->keep_alive, "How long the model stays loaded (for example 5m)");
  command->add_flag("--nowordwrap", options->no_word_wrap, "Do not wrap words at the terminal's width");
  command->add_flag("--verbose", options->verbose, "Show timings after each answer");
  command->callback([options] {
    if (const int status = run(*options); status != 0) throw CLI::RuntimeError(status);
  });
}

}  // namespace axllama::cli
