#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/model_listing.h"

namespace axllama::cli {
namespace {

struct Options {
  std::string model;
  bool license = false;
  bool modelfile = false;
  bool parameters = false;
  bool system = false;
  bool chat_template = false;
  bool verbose = false;
};

/// The field of the reply to show alone, or null for the overview.
const char* part_of(const Options& options) {
  if (options.license + options.modelfile + options.parameters + options.system + options.chat_template > 1) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be "
        "specified");
  }
  if (options.license) return "license";
  if (options.modelfile) return "modelfile";
  if (options.parameters) return "parameters";
  if (options.system) return "system";
  return options.chat_template ? "template" : nullptr;
}

void show(const Options& options) {
  const char* part = part_of(options);
  ApiClient client;
  const nlohmann::ordered_json reply =
      client.post("/api/show", {{"model", options.model}, {"verbose", options.verbose}});
  const std::string text =
      part == nullptr ? describe_model(reply, options.verbose) : reply.value(part, "") + "\n";
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void add_show(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("show", "Show information about a model");
  command->add_option("MODEL", options->model, "Name of the model")->required();
  command->add_flag("--license", options->license, "Show the license only");
  command->add_flag("--modelfile", options->modelfile, "Show the Modelfile only");
  command->add_flag("--parameters", options->parameters, "Show the parameters only");
  command->add_flag("--system", options->system, "Show the system message only");
  command->add_flag("--template", options->chat_template, "Show the prompt template only");
  command->add_flag("-v,--verbose", options->verbose, "Show metadata and tensors too");
  command->callback([options] { show(*options); });
}

}  // namespace axllama::cli
