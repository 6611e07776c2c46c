#include <cctype>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/answer_printer.h"
#include "cli/answer_settings.h"
#include "cli/answer_stream.h"
#include "cli/api_client.h"
#include "cli/chat_session.h"
#include "cli/command.h"
#include "cli/image_paths.h"
#include "cli/interrupt.h"
#include "cli/model_choice.h"
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
  bool insecure = false;
  std::string truncate;  // "", "true" or "false"
  std::optional<std::int64_t> dimensions;
  bool hide_thinking = false;
  bool no_word_wrap = false;
  bool verbose = false;
};

/// What the model is asked to think; a model that cannot think is not asked, and the user is told.
std::optional<Json> think_setting(const RunOptions& options, const Json& model) {
  if (options.think.empty()) return std::nullopt;
  const Json think = parse_think(options.think);
  if (think == false || has_capability(model, "thinking")) return think;
  std::fprintf(stderr, "warning: model \"%s\" does not support thinking output\n", options.model.c_str());
  return std::nullopt;
}

ChatSession session_of(const RunOptions& options, const Json& model) {
  ChatSession session;
  session.model = options.model;
  session.messages = model.value("messages", Json::array());
  if (!options.format.empty()) session.format = parse_format(options.format);
  session.verbose = options.verbose;
  session.hide_thinking = options.hide_thinking;
  session.word_wrap = !options.no_word_wrap;
  if (!options.keep_alive.empty()) session.keep_alive = options.keep_alive;
  session.think = think_setting(options, model);
  return session;
}

/// One prompt, one answer: what scripts and pipes use.
int answer_once(ApiClient& client, const ChatSession& session, const Json& model, const std::string& typed) {
  const PromptWithImages prompt = find_images(typed);
  const Json request = session.generate_request(prompt.text, load_images(prompt, model, session.model));
  const InterruptGuard interrupts;
  AnswerPrinter printer({session.word_wrap, session.hide_thinking, session.verbose});
  const bool complete = stream_answer(client, "/api/generate", request, printer, InterruptGuard::flag());
  printer.finish();
  return complete ? 0 : kInterruptedStatus;
}

/// Loads the model, then talks.
int converse(ApiClient& client, const ChatSession& session, const Json& model) {
  {
    const InterruptGuard interrupts;
    AnswerPrinter nothing({});
    if (!stream_answer(client, "/api/generate", session.load_request(), nothing, InterruptGuard::flag()))
      return kInterruptedStatus;
  }
  return run_repl(client, session, model);
}

/// The vector of a text, as a JSON array.
int embed_once(ApiClient& client, const RunOptions& options, const std::string& text) {
  if (text.empty()) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        "embedding models require input text. Usage: axllama run " + options.model + " \"your text here\"");
  }
  Json request{{"model", options.model}, {"input", text}};
  if (!options.truncate.empty()) request["truncate"] = options.truncate == "true";
  if (options.dimensions) request["dimensions"] = *options.dimensions;
  if (!options.keep_alive.empty()) request["keep_alive"] = options.keep_alive;
  const Json reply = client.post("/api/embed", request);
  std::puts(reply.at("embeddings").at(0).dump().c_str());
  return 0;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The words of the command line, and in front of them what is piped in.
std::string whole_prompt(const std::vector<std::string>& words) {
  const std::string typed = joined(words);
  if (stdin_is_terminal()) return typed;
  const std::string piped{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  if (piped.empty() || typed.empty()) return piped.empty() ? typed : piped;
  return piped + (std::isspace(static_cast<unsigned char>(piped.back())) != 0 ? "" : " ") + typed;
}

int run(const RunOptions& options) {
  if (!options.format.empty()) parse_format(options.format);  // before a model is fetched for nothing
  if (!options.think.empty()) parse_think(options.think);
  ApiClient client;
  const Json model = show_or_pull(client, options.model, options.insecure);
  if (has_capability(model, "embedding")) return embed_once(client, options, whole_prompt(options.prompt));
  const ChatSession session = session_of(options, model);
  if (stdin_is_terminal() && stdout_is_terminal() && options.prompt.empty()) {
    return converse(client, session, model);
  }
  const std::string prompt = whole_prompt(options.prompt);
  if (prompt.empty()) throw base::Error(base::ErrorCode::kInvalidArgument, "the prompt is empty");
  return answer_once(client, session, model, prompt);
}

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Talk to a model, or answer one prompt");
  command->add_option("MODEL", options->model, "Name of the model")->required();
  command->add_option("PROMPT", options->prompt, "The prompt; without it a conversation begins");
  command->add_option("--format", options->format, "Answer in JSON: json, a JSON schema, or a file of one");
  command->add_flag("--think{true}", options->think,
                    "Think before answering: --think, or --think=true|false|low|medium|high|max");
  command->add_flag("--insecure", options->insecure, "Speak http to the registry when the model is pulled");
  command->add_flag("--hidethinking", options->hide_thinking, "Do not show thinking");
  command
      ->add_flag("--truncate{true}", options->truncate,
                 "For embedding models: cut a text that is too long; --truncate=false refuses it")
      ->check(CLI::IsMember({"true", "false"}));
  command->add_option("--dimensions", options->dimensions,
                      "For embedding models: only so many numbers of the vector");
  command->add_option("--keepalive", options->keep_alive, "How long the model stays loaded (for example 5m)");
  command->add_flag("--nowordwrap", options->no_word_wrap, "Do not wrap words at the terminal's width");
  command->add_flag("--verbose", options->verbose, "Show timings after each answer");
  command->footer(
      "Without a prompt, on a terminal, a conversation begins; /? lists its commands. Text piped in is put "
      "in front "
      "of the prompt. A model that is not installed is pulled.\n"
      "Variables: OLLAMA_HOST, OLLAMA_NOHISTORY (AXLLAMA_... override), NO_COLOR.");
  command->callback([options] {
    if (const int status = run(*options); status != 0) throw CLI::RuntimeError(status);
  });
}

}  // namespace axllama::cli
