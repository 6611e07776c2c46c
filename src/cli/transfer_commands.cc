#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/status_display.h"

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

CLI::App* add_transfer(CLI::App& app, const char* name, const char* what, std::string path) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, what);
  command->add_option("MODEL", options->model, "Name of the model")->required();
  command->add_flag("--insecure", options->insecure, "Speak http to the registry instead of https");
  command->callback([options, path = std::move(path)] { transfer(path, *options); });
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
  add_transfer(app, "push", "Send a model to a registry", "/api/push");
}

}  // namespace axllama::cli
