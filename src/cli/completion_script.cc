#include "cli/completion_script.h"

#include <string_view>

#include "base/error.h"

namespace axllama::cli {
namespace {

using Commands = std::vector<CompletionCommand>;

constexpr std::string_view kModels = "axllama list 2>/dev/null | awk 'NR > 1 { print $1 }'";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// Text between single quotes, as bash, zsh and fish all read it once it has none inside.
std::string quoted(std::string text) {
  std::erase(text, '\'');
  return "'" + text + "'";
}

std::string bash(const Commands& commands) {
  std::string names;
  std::string cases;
  for (const CompletionCommand& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    cases += "    " + command.name + ") options=" + quoted(joined(command.options)) +
             (command.takes_models ? "; models=yes" : "") +
             (command.words.empty() ? "" : "; words=" + quoted(joined(command.words))) + " ;;\n";
  }
  return R"sh(_axllama() {
  local word=${COMP_WORDS[COMP_CWORD]} options= models= words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ')sh" +
         names + R"sh( --help --version' -- "$word"))
    return
  fi
  case ${COMP_WORDS[1]} in
)sh" + cases +
         R"sh(  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [[ $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  elif [[ $models ]]; then
    # A name holds a colon, which bash takes for a separator of words.
    local line=${COMP_LINE:0:COMP_POINT}
    local typed=${line##*[[:space:]]}
    COMPREPLY=($(compgen -W "$()sh" +
         std::string(kModels) + R"sh()" -- "$typed"))
    [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${typed%:*}:"}")
  fi
}
complete -o default -F _axllama axllama
)sh";
}

std::string zsh(const Commands& commands) {
  std::string names;
  std::string cases;
  for (const CompletionCommand& command : commands) {
    names += "    " + quoted(command.name + ":" + command.description) + "\n";
    cases += "    " + command.name + ") options=(" + joined(command.options) + ")" +
             (command.takes_models ? "; models=yes" : "") +
             (command.words.empty() ? "" : "; names=(" + joined(command.words) + ")") + " ;;\n";
  }
  return R"sh(#compdef axllama
_axllama() {
  local -a commands options names
  local models=
  commands=(
)sh" + names +
         R"sh(  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  case $words[2] in
)sh" + cases +
         R"sh(  esac
  if [[ $words[CURRENT] == -* ]]; then
    compadd -- $options
  elif [[ -n $models ]]; then
    names=(${(f)"$()sh" +
         std::string(kModels) + R"sh()"})
    compadd -- $names
  elif (($#names)); then
    compadd -- $names
  else
    _files
  fi
}
if [[ $funcstack[1] == _axllama ]]; then
  _axllama "$@"
else
  compdef _axllama axllama
fi
)sh";
}

std::string fish(const Commands& commands) {
  std::string script;
  std::string with_models;
  for (const CompletionCommand& command : commands) {
    script += "complete -c axllama -n __fish_use_subcommand -f -a " + command.name + " -d " +
              quoted(command.description) + "\n";
    for (const std::string& option : command.options) {
      const bool is_long = option.starts_with("--");
      script += "complete -c axllama -n '__fish_seen_subcommand_from " + command.name + "' " +
                (is_long ? "-l " + option.substr(2) : "-s " + option.substr(1)) + "\n";
    }
    if (!command.words.empty()) {
      script += "complete -c axllama -n '__fish_seen_subcommand_from " + command.name + "' -f -a " +
                quoted(joined(command.words)) + "\n";
    }
    if (command.takes_models) with_models += " " + command.name;
  }
  script += "complete -c axllama -n '__fish_seen_subcommand_from" + with_models + "' -f -a \"(" +
            "axllama list 2>/dev/null | awk 'NR > 1 { print \\$1 }')\"\n";
  return script;
}

}  // namespace

std::string completion_script(const std::string& shell, const Commands& commands) {
  if (shell == "bash") return bash(commands);
  if (shell == "zsh") return zsh(commands);
  if (shell == "fish") return fish(commands);
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "there is completion for bash, zsh and fish, not for '" + shell + "'");
}

}  // namespace axllama::cli
