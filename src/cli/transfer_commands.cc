#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/status_display.h"
#include "store/model_name.h"

namespace axllama::cli {
namespace {

struct Options {
  std::string model;
  bool insecure = false;
};

/// Asks the server and shows what it reports.
void transfer(const std::string& path, const Options& options) {
  ApiClient client;
  StatusDisplay display;
  client.stream(path, {{"model", options.model}, {"insecure", options.insecure}},
                [&display](const nlohmann::ordered_json& record) {
                  display.show(record);
                  return true;
                });
}

/// Where a model that was pushed can be seen; at other registries its name says it.
std::string place_of(const std::string& model) {
  const auto name = store::ModelName::parse(model);
  if (!name || name->host != store::ModelName::kDefaultHost) return model;
  std::string shown = name->short_text();
  constexpr std::string_view kLatest = ":latest";
  if (shown.ends_with(kLatest)) shown.resize(shown.size() - kLatest.size());
  return "https://ollama.com/" + shown;
}

CLI::App* add_transfer(CLI::App& app, const char* name, const char* what, std::string path,
                       const std::function<void(const std::string& model)>& afterwards = {}) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("MODEL", options->model, "Name of the model")->required();
  command->add_flag("--insecure", options->insecure, "Speak http to the registry instead of https");
  command->callback([options, path = std::move(path), afterwards] {
    transfer(path, *options);
    if (afterwards) afterwards(options->model);
  });
  return command;
}

}  // namespace

void add_pull(CLI::App& app) {
  add_transfer(app, "pull", "Fetch a model from a hub or registry", "/api/pull")
      ->footer(
          "Names: those of the catalogue (qwen3:4b), hf.co/OWNER/REPO[:REVISION], "
          "HOST[:PORT]/NAMESPACE/MODEL[:TAG].");
}

void add_push(CLI::App& app) {
  add_transfer(app, "push", "Send a model to a registry", "/api/push", [](const std::string& model) {
    std::printf("\nYou can find your model at:\n\n\t%s\n", place_of(model).c_str());
  });
}

}  // namespace axllama::cli
