#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
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
#include "cli/table.h"
#include "cli/terminal.h"

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

/// The program on PATH or where its installer puts it; empty when there is none.
fs::path find_program(const Integration& client, const fs::path& home) {
  std::vector<fs::path> candidates;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) candidates.push_back(fs::path(folder) / client.program);
  }
  for (const std::string& place : client.places) candidates.push_back(home / place);
  for (const fs::path& candidate : candidates) {
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

bool interactive() {
  return stdin_is_terminal() && stderr_is_terminal();
}

std::string ask(const std::string& question) {
  std::fputs(question.c_str(), stderr);
  std::string line;
  std::getline(std::cin, line);
  return line;
}

/// Names of the installed models that answer.
std::vector<std::string> chat_models(ApiClient& api) {
  std::vector<std::string> names;
  for (const Json& model : api.get("/api/tags").value("models", Json::array())) {
    const Json capabilities = model.value("capabilities", Json::array());
    bool answers = capabilities.empty();  // older servers do not tell
    for (const Json& each : capabilities) answers = answers || each == "completion";
    if (answers) names.push_back(model.value("name", ""));
  }
  return names;
}

std::string choose_model(ApiClient& api, const Integration& client) {
  const std::vector<std::string> models = chat_models(api);
  if (models.size() == 1) return models.front();
  std::string list;
  for (std::size_t i = 0; i < models.size(); ++i) {
    list += interactive() ? std::to_string(i + 1) + "  " + models[i] + "\n" : (i > 0 ? ", " : "") + models[i];
  }
  if (models.empty() || !interactive()) {
    throw Error(ErrorCode::kInvalidArgument,
                "name a model for " + client.title + " with --model" +
                    (models.empty() ? "; none is installed, and one that is not is pulled" : ": " + list));
  }
  const std::string answer = ask(list + "Model for " + client.title + " [1]: ");
  if (answer.empty()) return models.front();
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (answer == models[i] || answer == std::to_string(i + 1)) return models[i];
  }
  throw Error(ErrorCode::kInvalidArgument, "there is no model '" + answer + "' in the list");
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
    if (!interactive()) {
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
    const fs::path program = find_program(each, home);
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

  const fs::path program = find_program(client, home);
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
