#include "cli/menu.h"

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/environment.h"
#include "cli/launch/integration.h"
#include "cli/model_choice.h"
#include "cli/numbered_choice.h"
#include "cli/terminal.h"

namespace axllama::cli {

std::vector<std::string> ask_for_command() {
  if (!can_ask() || !stdout_is_terminal()) return {};
  std::vector<std::string> entries;
  std::vector<std::vector<std::string>> commands;
  const auto offer = [&](std::string entry, std::vector<std::string> command) {
    entries.push_back(std::move(entry));
    commands.push_back(std::move(command));
  };
  try {
    ApiClient api;
    for (const std::string& model : chat_models(api)) offer("Talk to " + model, {"run", model});
  } catch (const base::Error&) {
    return {};
  }
  const std::filesystem::path home = home_folder("programs are looked for below it");
  for (const Integration& each : integrations()) {
    if (!installed_program(each, home).empty()) offer("Start " + each.title, {"launch", each.name});
  }
  offer("Show all commands", {"--help"});
  return commands[choose(entries, "What next?")];
}

}  // namespace axllama::cli
