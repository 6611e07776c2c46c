#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/command.h"

namespace axllama::cli {

int main_with(int argc, char** argv) {
  CLI::App app{"Axllama: language models on an AXERA AX650N / AX8850 card, or on the software card.",
               "axllama"};
  app.set_version_flag("-v,--version", "axllama version " AXLLAMA_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  for (const auto add : {add_serve, add_run, add_list, add_ps, add_show, add_create, add_pull, add_push,
                         add_cp, add_rm, add_bench, add_compile, add_doctor})
    add(app);
  for (CLI::App* command : app.get_subcommands({})) {
    command->set_version_flag("--version", "axllama version " AXLLAMA_VERSION);
  }
  if (argc == 1) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& parse_error) {
    return app.exit(parse_error);
  } catch (const base::Error& error) {
    std::fprintf(stderr, "Error: %s\n", error.message().c_str());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace axllama::cli
