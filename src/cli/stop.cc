#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"

namespace axllama::cli {

void add_stop(CLI::App& app) {
  auto model = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("stop", "Take a model off the card");
  command->add_option("MODEL", *model, "Name of the model")->required();
  command->callback([model] {
    ApiClient client;
    try {
      client.post("/api/generate", {{"model", *model}, {"keep_alive", 0}, {"stream", false}});
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kNotFound) throw;
      throw base::Error(base::ErrorCode::kNotFound, "couldn't find model \"" + *model + "\" to stop");
    }
  });
}

}  // namespace axllama::cli
