#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/model_listing.h"

namespace axllama::cli {

void add_list(CLI::App& app) {
  auto prefix = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("list", "List the installed models")->alias("ls");
  command->add_option("PREFIX", *prefix, "Only models whose names begin so");
  command->callback([prefix] {
    ApiClient client;
    std::fputs(list_models(client, *prefix).c_str(), stdout);
  });
}

void add_ps(CLI::App& app) {
  auto prefix = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("ps", "List the models on the card");
  command->add_option("PREFIX", *prefix, "Only models whose names begin so");
  command->callback([prefix] {
    ApiClient client;
    std::fputs(list_loaded(client.get("/api/ps"), *prefix).c_str(), stdout);
  });
}

}  // namespace axllama::cli
