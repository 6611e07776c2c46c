#include "cli/repl.h"

#include <cstdio>
#include <string>
#include <utility>

#include "base/error.h"
#include "cli/answer_printer.h"
#include "cli/answer_stream.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/model_listing.h"
#include "cli/repl_command.h"

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHelp = R"(Available Commands:
  /set            Set session variables
  /show           Show model information
  /load <model>   Load another model and start a new session
  /list           List the installed models
  /clear          Clear session context
  /bye            Exit
  /?, /help       Help for a command
  /? shortcuts    Help for keyboard shortcuts

Use """ to begin a multi-line message.
)";

constexpr const char* kSetHelp = R"(Available Commands:
  /set parameter ...     Set a parameter
  /set system <string>   Set system message
  /set history           Enable history
  /set nohistory         Disable history
  /set wordwrap          Enable wordwrap
  /set nowordwrap        Disable wordwrap
  /set format json       Enable JSON mode
  /set noformat          Disable formatting
  /set verbose           Show LLM stats
  /set quiet             Disable LLM stats
  /set think             Enable thinking
  /set nothink           Disable thinking
)";

constexpr const char* kShowHelp = R"(Available Commands:
  /show info         Show details for this model
  /show license      Show model license
  /show modelfile    Show Modelfile for this model
  /show parameters   Show parameters for this model
  /show system       Show system message
  /show template     Show prompt template
)";

constexpr const char* kShortcuts = R"(Available keyboard shortcuts:
  Ctrl + a            Move to the beginning of the line (Home)
  Ctrl + e            Move to the end of the line (End)
   Alt + b            Move back (left) one word
   Alt + f            Move forward (right) one word
  Ctrl + k            Delete the sentence after the cursor
  Ctrl + u            Delete the line
  Ctrl + w            Delete the word before the cursor
  Ctrl + l            Clear the screen
  Ctrl + c            Stop the model from responding
  Ctrl + d            Exit (/bye)
)";

void say(const std::string& text) {
  std::fputs((text + "\n").c_str(), stdout);
}

class Repl {
 public:
  Repl(ApiClient& client, ChatSession session)
      : client_(client), session_(std::move(session)), editor_(default_history_file()) {}

  int run();

 private:
  enum class Next { kContinue, kExit };
  Next command(const ReplCommand& command);
  void set(const ReplCommand& command);
  void show(const std::string& what);
  void help(const std::string& topic);
  void load(const std::string& model);
  void answer(const std::string& message);

  ApiClient& client_;
  ChatSession session_;
  LineEditor editor_;
  bool history_ = true;
};

int Repl::run() {
  const InterruptGuard interrupts;
  MessageReader reader;
  while (true) {
    const auto [status, line] = editor_.read(reader.continuing() ? "... " : ">>> ");
    if (status == LineEditor::Status::kEnd) {
      say("");
      return 0;
    }
    if (status == LineEditor::Status::kInterrupted) {
      if (!reader.continuing()) say("\nUse Ctrl + d or /bye to exit.");
      reader.reset();
      continue;
    }
    if (!reader.push(line)) continue;
    const std::string message = reader.take();
    if (message.find_first_not_of(" \t\n") == std::string::npos) continue;
    if (history_) editor_.remember(message);
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
  } else if (command.name == "list") {
    std::fputs(list_models(client_).c_str(), stdout);
  } else if (command.name == "?" || command.name == "help") {
    help(first);
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
  } else if (what == "wordwrap" || what == "nowordwrap") {
    session_.word_wrap = what == "wordwrap";
    say(std::string("Set '") + what + "' mode.");
  } else if (what == "verbose" || what == "quiet") {
    session_.verbose = what == "verbose";
    say(std::string("Set '") + what + "' mode.");
  } else if (what == "format" && command.rest == "json") {
    session_.format = "json";
    say("Set format to 'json' mode.");
  } else if (what == "noformat") {
    session_.format.clear();
    say("Disabled format.");
  } else if (what == "think" || what == "nothink") {
    session_.think = command.rest.empty() ? Json(what == "think") : Json(command.rest);
    say(std::string("Set '") + what + "' mode.");
  } else {
    std::fputs(kSetHelp, stdout);
  }
}

void Repl::show(const std::string& what) {
  const Json reply = client_.post("/api/show", Json{{"model", session_.model}});
  const auto text = [&reply](const char* key, const char* otherwise) {
    const std::string value = reply.value(key, "");
    return value.empty() ? std::string(otherwise) : value;
  };
  if (what == "info") {
    std::fputs(describe_model(reply).c_str(), stdout);
  } else if (what == "license") {
    say(text("license", "No license was specified for this model."));
  } else if (what == "modelfile") {
    say(text("modelfile", ""));
  } else if (what == "parameters") {
    say("Model defined parameters:\n" + text("parameters", "  No parameters were specified for this model."));
    for (const auto& [name, value] : session_.options.items())
      say("User defined: " + name + " " + value.dump());
  } else if (what == "system") {
    say(session_.system().empty() ? text("system", "No system message was specified for this model.")
                                  : session_.system());
  } else if (what == "template") {
    say(text("template", "No prompt template was specified for this model."));
  } else {
    std::fputs(kShowHelp, stdout);
  }
}

void Repl::help(const std::string& topic) {
  if (topic == "set") {
    std::fputs(kSetHelp, stdout);
  } else if (topic == "show") {
    std::fputs(kShowHelp, stdout);
  } else if (topic == "shortcuts") {
    std::fputs(kShortcuts, stdout);
  } else {
    std::fputs(kHelp, stdout);
  }
}

void Repl::load(const std::string& model) {
  if (model.empty()) {
    say("Usage:\n  /load <modelname>");
    return;
  }
  say("Loading model '" + model + "'");
  try {
    client_.post("/api/show", Json{{"model", model}});
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) throw;
    say("Couldn't find model '" + model + "'");
    return;
  }
  session_.model = model;
  session_.messages = Json::array();
}

void Repl::answer(const std::string& message) {
  session_.add("user", message);
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

int run_repl(ApiClient& client, ChatSession session) {
  return Repl(client, std::move(session)).run();
}

}  // namespace axllama::cli
