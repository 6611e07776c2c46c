#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/launch/integration.h"
#include "cli/launch/launch_records.h"
#include "cli/model_choice.h"
#include "cli/numbered_choice.h"
#include "cli/table.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using Json = nlohmann::ordered_json;

/// What a coding agent sends before the user has said a word, roughly.
constexpr std::uint64_t kAgentContext = 16384;

struct LaunchOptions {
  std::string client;
  std::string model;
  std::vector<std::string> arguments;
  bool configure_only = false;
  bool restore = false;
  bool yes = false;
};

/// Where clients keep their settings.
fs::path users_folder() {
  return home_folder("clients keep their settings below it");
}

std::string choose_model(ApiClient& api, const Integration& client) {
  const std::vector<std::string> models = chat_models(api);
  if (models.size() == 1) return models.front();
  if (!models.empty() && can_ask()) return models[choose(models, "Model for " + client.title)];
  std::string names;
  for (const std::string& model : models) names += (names.empty() ? ": " : ", ") + model;
  throw Error(ErrorCode::kInvalidArgument,
              "name a model for " + client.title + " with --model" +
                  (models.empty() ? "; none is installed, and one that is not is pulled" : names));
}

LaunchTarget target_of(ApiClient& api, const std::string& model, const fs::path& home) {
  const Json shown = show_or_pull(api, model);
  LaunchTarget target{.server = api.base_url(), .model = model, .home = home};
  const Json info = shown.value("model_info", Json::object());
  const Json context = info.value(info.value("general.architecture", "") + ".context_length", Json());
  if (context.is_number_integer()) target.context = context.get<std::uint64_t>();
  bool completion = false;
  bool tools = false;
  const Json capabilities = shown.value("capabilities", Json::array());
  for (const Json& each : capabilities) {
    completion = completion || each == "completion";
    tools = tools || each == "tools";
    target.thinking = target.thinking || each == "thinking";
    target.vision = target.vision || each == "vision";
  }
  if (!completion && !capabilities.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "'" + model + "' does not chat");
  }
  if (!tools) std::fprintf(stderr, "Warning: '%s' calls no tools, so it can only talk\n", model.c_str());
  if (target.context > 0 && target.context < kAgentContext) {
    std::fprintf(stderr,
                 "Warning: '%s' has a context of %llu tokens; a coding agent's first request may be longer\n",
                 model.c_str(), static_cast<unsigned long long>(target.context));
  }
  return target;
}

/// What the files are to hold; those that hold it already are left out.
std::vector<std::pair<fs::path, std::string>> changed_files(const Integration& client, const LaunchPlan& plan,
                                                            const LaunchTarget& target) {
  std::vector<std::pair<fs::path, std::string>> changed;
  for (const SettingsEdit& edit : plan.edits) {
    const std::string text = settings_text(edit.file);
    const bool empty = text.find_first_not_of(" \t\r\n") == std::string::npos;
    Json settings = empty ? Json() : Json::parse(text, nullptr, false);
    const std::string advice = "; it stays as it is. By hand, " + client.title + " takes the address " +
                               target.server + "/v1, any key, and the model " + target.model;
    if (settings.is_discarded()) {
      throw Error(ErrorCode::kInvalidArgument,
                  edit.file.string() + " is not plain JSON (comments are not)" + advice);
    }
    const Json before = settings;
    try {
      edit.change(settings);
    } catch (const Error& error) {
      throw Error(ErrorCode::kInvalidArgument, "in " + edit.file.string() + ", " + error.message() + advice);
    }
    if (settings != before) changed.emplace_back(edit.file, settings.dump(2) + "\n");
  }
  return changed;
}

void change_files(const Integration& client, const LaunchPlan& plan, const LaunchTarget& target,
                  const LaunchOptions& options, LaunchRecords& records) {
  const auto changed = changed_files(client, plan, target);
  if (changed.empty()) return;
  std::string names;
  for (const auto& [file, text] : changed) names += (names.empty() ? "" : " and ") + file.string();
  if (!options.yes) {
    if (!can_ask()) {
      throw Error(ErrorCode::kInvalidArgument, client.title + " keeps its models in " + names +
                                                   "; say --yes to have that changed (a copy is kept)");
    }
    const std::string answer = ask("Change " + names + "? A copy is kept. [Y/n] ");
    if (!answer.empty() && answer[0] != 'y' && answer[0] != 'Y') {
      throw Error(ErrorCode::kCancelled, "nothing was changed");
    }
  }
  for (const auto& [file, text] : changed) {
    records.write(client.name, file, text);
    std::fprintf(stderr, "%s changed; `axllama launch %s --restore` undoes it\n", file.c_str(),
                 client.name.c_str());
  }
}

/// A word of a shell's command line.
std::string shell_word(const std::string& text) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

/// What launching does, as lines for a shell.
void print_plan(const Integration& client, const LaunchPlan& plan, const LaunchOptions& options) {
  for (const std::string& name : plan.unset) std::printf("unset %s\n", name.c_str());
  for (const auto& [name, value] : plan.environment) {
    std::printf("export %s=%s\n", name.c_str(), shell_word(value).c_str());
  }
  std::string line = client.program;
  for (const auto* words : {&plan.arguments, &options.arguments}) {
    for (const std::string& word : *words) line += " " + shell_word(word);
  }
  std::printf("%s\n", line.c_str());
}

[[noreturn]] void become(const fs::path& program, const LaunchPlan& plan, const LaunchOptions& options) {
  for (const std::string& name : plan.unset) ::unsetenv(name.c_str());
  for (const auto& [name, value] : plan.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::fflush(nullptr);
  ::execv(program.c_str(), argv.data());
  throw Error(ErrorCode::kInternal, "cannot start " + program.string() + ": " + std::strerror(errno));
}

void list_integrations() {
  const fs::path home = users_folder();
  Table table({"NAME", "PROGRAM", "INSTALLED"});
  for (const Integration& each : integrations()) {
    const fs::path program = installed_program(each, home);
    table.add({each.name, each.title, program.empty() ? "no: " + each.advice : program.string()});
  }
  std::fputs(table.text().c_str(), stdout);
}

void restore(const Integration& client, LaunchRecords& records) {
  const std::vector<std::string> told = records.restore(client.name);
  for (const std::string& sentence : told) std::printf("%s\n", sentence.c_str());
  if (told.empty()) std::printf("No file of %s was changed\n", client.title.c_str());
}

void launch(LaunchOptions options) {
  if (options.client.empty()) {
    if (!options.model.empty() || options.configure_only || options.restore || options.yes) {
      throw Error(ErrorCode::kInvalidArgument, "name the program to launch; `axllama launch` lists them");
    }
    return list_integrations();
  }
  const Integration& client = integration_named(options.client);
  const fs::path home = users_folder();
  LaunchRecords records(home / ".axllama");
  if (options.restore) return restore(client, records);

  const fs::path program = installed_program(client, home);
  if (program.empty() && !options.configure_only) {
    throw Error(ErrorCode::kNotFound, client.title + " is not installed: there is no program '" +
                                          client.program + "' on PATH. Get it with " + client.advice);
  }
  ApiClient api;
  std::string model = options.model;
  if (model.empty()) model = records.model(client.name);
  if (model.empty()) model = choose_model(api, client);
  const LaunchTarget target = target_of(api, model, home);
  const LaunchPlan plan = client.plan(target);
  change_files(client, plan, target, options, records);
  records.remember_model(client.name, model);
  if (options.configure_only) return print_plan(client, plan, options);
  become(program, plan, options);
}

}  // namespace

void add_launch(CLI::App& app) {
  auto options = std::make_shared<LaunchOptions>();
  CLI::App* command =
      app.add_subcommand("launch", "Start a coding agent or editor with a model of the server");
  command->add_option("INTEGRATION", options->client, "Which one; without, they are listed");
  command->add_option("ARGUMENTS", options->arguments, "Its own arguments, behind --");
  command->add_option("--model", options->model, "Model to use [the one it had last]");
  command->add_flag("--config", options->configure_only,
                    "Only set it up, and print what starting it would take");
  command->add_flag("--restore", options->restore, "Put its files back to what they were before");
  command->add_flag("-y,--yes", options->yes, "Change its files without asking");
  command->footer("For example: axllama launch claude --model qwen3:4b -- --continue");
  command->callback([options] { launch(*options); });
}

}  // namespace axllama::cli
