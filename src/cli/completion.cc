#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/completion_script.h"
#include "cli/launch/integration.h"

namespace axllama::cli {
namespace {

CompletionCommand describe(const CLI::App& command) {
  CompletionCommand described{.name = command.get_name(), .description = command.get_description()};
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_snames()) described.options.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) described.options.push_back("--" + name);
    const std::string argument = option->get_name(true);
    described.takes_models =
        described.takes_models || argument == "MODEL" || argument == "SOURCE" || argument == "PREFIX";
    if (argument == "INTEGRATION") {
      for (const Integration& each : integrations()) described.words.push_back(each.name);
    }
    if (argument == "SHELL") described.words = {"bash", "zsh", "fish"};
  }
  return described;
}

}  // namespace

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes commands in a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required();
  command->footer("For example: source <(axllama completion bash)");
  command->callback([shell, &app] {
    std::vector<CompletionCommand> commands;
    for (const CLI::App* each : app.get_subcommands({})) commands.push_back(describe(*each));
    std::fputs(completion_script(*shell, commands).c_str(), stdout);
  });
}

}  // namespace axllama::cli
