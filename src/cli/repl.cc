#include "cli/repl.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <string>
#include <utility>

#include "base/error.h"
#include "cli/answer_printer.h"
#include "cli/answer_settings.h"
#include "cli/answer_stream.h"
#include "cli/image_paths.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/model_listing.h"
#include "cli/repl_command.h"
#include "cli/repl_help.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPlaceholder = "Send a message (/? for help)";
constexpr const char* kMorePlaceholder = "Press Enter to send";

void say(const std::string& text) {
  std::fputs((text + "\n").c_str(), stdout);
}

std::string indented(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += "  " + line + "\n";
  return out;
}

/// One line per value, names padded as in the reply of POST /api/show.
std::string parameter_lines(const Json& options) {
  constexpr std::size_t kNameColumns = 31;
  std::string out;
  for (const auto& [name, value] : options.items()) {
    std::string label = name;
    label.resize(std::max(label.size() + 1, kNameColumns), ' ');
    for (const Json& one : value.is_array() ? value : Json::array({value}))
      out += "  " + label + one.dump() + "\n";
  }
  return out;
}

/// The conversation that the model's author put in front of every other.
void show_messages(const Json& messages) {
  for (const Json& message : messages) {
    const std::string role = message.value("role", "");
    if (role != "system") say((role == "user" ? ">>> " : "") + message.value("content", "") + "\n");
  }
}

class Repl {
 public:
  Repl(ApiClient& client, ChatSession session, Json model)
      : client_(client),
        session_(std::move(session)),
        model_(std::move(model)),
        editor_(default_history_file()) {}

  int run();

 private:
  enum class Next { kContinue, kExit };
  Next command(const ReplCommand& command);
  void set(const ReplCommand& command);
  void show(const std::string& what);
  void show_parameters() const;
  void save(const std::string& model);
  void load(const std::string& model);
  void answer(const std::string& message);

  ApiClient& client_;
  ChatSession session_;
  Json model_;  // what POST /api/show says of it
  LineEditor editor_;
  bool history_ = true;
};

int Repl::run() {
  const InterruptGuard interrupts;
  MessageReader reader;
  show_messages(session_.messages);
  if (!editor_.shows_placeholder()) say(kPlaceholder);
  while (true) {
    const auto [status, line] = reader.continuing() ? editor_.read("... ", "... ", kMorePlaceholder)
                                                    : editor_.read(">>> ", "... ", kPlaceholder);
    if (status == LineEditor::Status::kEnd) {
      say("");
      return 0;
    }
    if (status == LineEditor::Status::kInterrupted) {
      if (!reader.continuing()) say("Use Ctrl + d or /bye to exit.");
      reader.reset();
      continue;
    }
    if (history_) editor_.remember(line);
    if (!reader.push(line)) continue;
    const std::string message = reader.take();
    if (message.find_first_not_of(" \t\n") == std::string::npos) continue;
    try {
      if (is_repl_command(message)) {
        if (command(parse_repl_command(message)) == Next::kExit) return 0;
      } else {
        answer(message);
      }
    } catch (const base::Error& error) {
      std::fprintf(stderr, "Error: %s\n", error.message().c_str());
    }
  }
}

Repl::Next Repl::command(const ReplCommand& command) {
  const std::string first = command.arguments.empty() ? "" : command.arguments.front();
  if (command.name == "bye" || command.name == "exit") return Next::kExit;
  if (command.name == "clear") {
    session_.clear();
    say("Cleared session context");
  } else if (command.name == "set") {
    set(command);
  } else if (command.name == "show") {
    show(first);
  } else if (command.name == "load") {
    load(first);
  } else if (command.name == "save") {
    save(first);
  } else if (command.name == "list") {
    std::fputs(list_models(client_).c_str(), stdout);
  } else if (command.name == "?" || command.name == "help") {
    std::fputs(repl_help(first), stdout);
  } else {
    say("Unknown command '/" + command.name + "'. Type /? for help");
  }
  return Next::kContinue;
}

void Repl::set(const ReplCommand& command) {
  const std::string what = command.arguments.empty() ? "" : command.arguments.front();
  if (what == "parameter" && command.arguments.size() >= 3) {
    const std::string& name = command.arguments[1];
    const std::string shown =
        set_parameter(session_.options, name, {command.arguments.begin() + 2, command.arguments.end()});
    say("Set parameter '" + name + "' to '" + shown + "'");
  } else if (what == "system" && !command.rest.empty()) {
    session_.set_system(command.rest);
    say("Set system message.");
  } else if (what == "history" || what == "nohistory") {
    history_ = what == "history";
    say(history_ ? "History is kept." : "History is not kept.");
  } else if (what == "wordwrap" || what == "nowordwrap") {
    session_.word_wrap = what == "wordwrap";
    say(std::string("Set '") + what + "' mode.");
  } else if (what == "verbose" || what == "quiet") {
    session_.verbose = what == "verbose";
    say(std::string("Set '") + what + "' mode.");
  } else if (what == "format" && !command.rest.empty()) {
    session_.format = parse_format(command.rest);
    say(std::string("Set format to '") + (command.rest == "json" ? "json" : "schema") + "' mode.");
  } else if (what == "noformat") {
    session_.format.reset();
    say("Disabled format.");
  } else if (what == "think" || what == "nothink") {
    if (what == "think" && !has_capability(model_, "thinking")) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "the model '" + session_.model + "' does not support thinking");
    }
    const bool level = what == "think" && !command.rest.empty();
    session_.think = level ? parse_think(command.rest) : Json(what == "think");
    say(std::string("Set '") + what + "' mode.");
  } else {
    std::fputs(repl_help("set"), stdout);
  }
}

void Repl::show(const std::string& what) {
  const auto text = [this](const char* key, const char* otherwise) {
    const std::string value = model_.value(key, "");
    return value.empty() ? std::string(otherwise) : value;
  };
  if (what == "info") {
    std::fputs(describe_model(model_).c_str(), stdout);
  } else if (what == "license") {
    say(text("license", "No license was specified for this model."));
  } else if (what == "modelfile") {
    say(text("modelfile", ""));
  } else if (what == "parameters") {
    show_parameters();
  } else if (what == "system") {
    say(session_.system().empty() ? text("system", "No system message was specified for this model.")
                                  : session_.system());
  } else if (what == "template") {
    say(text("template", "No prompt template was specified for this model."));
  } else {
    std::fputs(repl_help("show"), stdout);
  }
}

void Repl::show_parameters() const {
  if (!session_.options.empty()) say("User defined parameters:\n" + parameter_lines(session_.options));
  const std::string own = model_.value("parameters", "");
  say("Model defined parameters:\n" +
      (own.empty() ? "  No parameters were specified for this model.\n" : indented(own)));
}

void Repl::save(const std::string& model) {
  if (model.empty()) {
    std::fputs(repl_help("save"), stdout);
    return;
  }
  client_.post("/api/create", session_.create_request(model));
  say("Created new model '" + model + "'");
}

void Repl::load(const std::string& model) {
  if (model.empty()) {
    std::fputs(repl_help("load"), stdout);
    return;
  }
  say("Loading model '" + model + "'");
  try {
    model_ = client_.post("/api/show", Json{{"model", model}});
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) throw;
    say("Couldn't find model '" + model + "'");
    return;
  }
  session_.model = model;
  session_.messages = model_.value("messages", Json::array());
  if (session_.think && !has_capability(model_, "thinking")) session_.think.reset();
  show_messages(session_.messages);
}

void Repl::answer(const std::string& message) {
  const PromptWithImages prompt = find_images(message);
  Json images = load_images(prompt, model_, session_.model);
  for (const auto& image : prompt.images) say("Added image '" + image.string() + "'");
  session_.add("user", prompt.text, std::move(images));
  InterruptGuard::take();
  AnswerPrinter printer({session_.word_wrap, session_.hide_thinking, session_.verbose});
  try {
    stream_answer(client_, "/api/chat", session_.chat_request(), printer, InterruptGuard::flag());
  } catch (...) {
    session_.messages.erase(session_.messages.size() - 1);
    throw;
  }
  InterruptGuard::take();
  printer.finish();
  say("");
  session_.add("assistant", printer.content());
}

}  // namespace

int run_repl(ApiClient& client, ChatSession session, nlohmann::ordered_json model) {
  return Repl(client, std::move(session), std::move(model)).run();
}

}  // namespace axllama::cli
