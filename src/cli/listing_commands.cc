#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/model_listing.h"

namespace axllama::cli {

void add_list(CLI::App& app) {
  CLI::App* command = app.add_subcommand("list", "List the installed models")->alias("ls");
  command->callback([] {
    ApiClient client;
    std::fputs(list_models(client).c_str(), stdout);
  });
}

void add_ps(CLI::App& app) {
  app.add_subcommand("ps", "List the models on the card")->callback([] {
    ApiClient client;
    std::fputs(list_loaded(client).c_str(), stdout);
  });
}

void add_show(CLI::App& app) {
  struct Options {
    std::string model;
    bool license = false;
    bool modelfile = false;
    bool parameters = false;
    bool system = false;
    bool chat_template = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show", "Show information about a model");
  command->add_option("MODEL", options->model, "Name of the model")->required();
  CLI::Option_group* one = command->add_option_group("part", "Show one part only");
  one->add_flag("--license", options->license, "The license");
  one->add_flag("--modelfile", options->modelfile, "The Modelfile");
  one->add_flag("--parameters", options->parameters, "The parameters");
  one->add_flag("--system", options->system, "The system message");
  one->add_flag("--template", options->chat_template, "The prompt template");
  one->require_option(0, 1);
  command->callback([options] {
    ApiClient client;
    const nlohmann::ordered_json reply = client.post("/api/show", {{"model", options->model}});
    const char* part = options->license         ? "license"
                       : options->modelfile     ? "modelfile"
                       : options->parameters    ? "parameters"
                       : options->system        ? "system"
                       : options->chat_template ? "template"
                                                : nullptr;
    std::fputs(part != nullptr ? (reply.value(part, "") + "\n").c_str() : describe_model(reply).c_str(),
               stdout);
  });
}

}  // namespace axllama::cli
