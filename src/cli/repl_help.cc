#include "cli/repl_help.h"

#include <map>
#include <string_view>

namespace axllama::cli {
namespace {

constexpr const char* kHelp = R"(Available Commands:
  /set            Set session variables
  /show           Show model information
  /load <model>   Load another model and start a new session
  /save <model>   Save the session as a model
  /list           List the installed models
  /clear          Clear session context
  /bye            Exit
  /?, /help       Help for a command
  /? shortcuts    Help for keyboard shortcuts

Use """ to begin a multi-line message, and again to end it.
A path of a picture in a message shows it to models with vision.
)";

constexpr const char* kSetHelp = R"(Available Commands:
  /set parameter ...     Set a parameter
  /set system <string>   Set system message (""" for several lines)
  /set history           Enable history
  /set nohistory         Disable history
  /set wordwrap          Enable wordwrap
  /set nowordwrap        Disable wordwrap
  /set format <format>   Answer in JSON: json, a JSON schema, or a file of one
  /set noformat          Disable formatting
  /set verbose           Show LLM stats
  /set quiet             Disable LLM stats
  /set think [level]     Enable thinking: low, medium, high or max
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
  Ctrl + k            Delete what is behind the cursor
  Ctrl + u            Delete what is in front of the cursor
  Ctrl + w            Delete the word before the cursor
  Ctrl + j            Begin a new line in the message
  Ctrl + g            Edit the message in $OLLAMA_EDITOR, $VISUAL or $EDITOR
  Ctrl + r            Search the history
  Ctrl + l            Clear the screen
  Ctrl + c            Stop the model from responding
  Ctrl + d            Exit (/bye)
)";

constexpr const char* kSaveHelp = R"(Usage:
  /save <model>   Save model, system message, parameters and conversation as a model of its own
)";

constexpr const char* kLoadHelp = R"(Usage:
  /load <model>   Load another model; the conversation begins anew, parameters stay set
)";

}  // namespace

const char* repl_help(const std::string& topic) {
  static const std::map<std::string_view, const char*> kTopics{{"set", kSetHelp},
                                                               {"show", kShowHelp},
                                                               {"save", kSaveHelp},
                                                               {"load", kLoadHelp},
                                                               {"shortcuts", kShortcuts}};
  const auto found = kTopics.find(topic.starts_with('/') ? std::string_view(topic).substr(1) : topic);
  return found == kTopics.end() ? kHelp : found->second;
}

}  // namespace axllama::cli
