#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"

namespace axllama::cli {
namespace {

/// A stock Ollama leaves a removed model on the card; what is wrong with the name, the removal will say.
void unload(ApiClient& client, const std::string& model) {
  try {
    client.post("/api/generate", {{"model", model}, {"keep_alive", 0}, {"stream", false}});
  } catch (const base::Error& error) {
    if (error.code() == base::ErrorCode::kUnavailable) throw;
  }
}

}  // namespace

void add_cp(CLI::App& app) {
  struct Options {
    std::string source;
    std::string destination;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cp", "Copy a model");
  command->add_option("SOURCE", options->source, "Name of the model")->required();
  command->add_option("DESTINATION", options->destination, "Name of the copy")->required();
  command->callback([options] {
    ApiClient client;
    client.send("POST", "/api/copy", {{"source", options->source}, {"destination", options->destination}});
    std::printf("copied '%s' to '%s'\n", options->source.c_str(), options->destination.c_str());
  });
}

void add_rm(CLI::App& app) {
  auto models = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("rm", "Remove models");
  command->add_option("MODEL", *models, "Names of the models")->required();
  command->callback([models] {
    ApiClient client;
    for (const std::string& model : *models) {
      unload(client, model);
      client.send("DELETE", "/api/delete", {{"model", model}});
      std::printf("deleted '%s'\n", model.c_str());
    }
  });
}

}  // namespace axllama::cli
