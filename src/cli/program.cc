#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/menu.h"
#include "cli/version.h"

namespace axllama::cli {
namespace {

void refuse_unknown_command(const CLI::App& app, const std::string& word) {
  if (word.starts_with('-')) return;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->check_name(word)) return;
  }
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "unknown command \"" + word + "\" for \"axllama\"; `axllama --help` lists the commands");
}

}  // namespace

int main_with(int argc, char** argv) {
  CLI::App app{"Axllama: language models on an AXERA AX650N / AX8850 card, or on the software card.",
               "axllama"};
  const auto version = [] { return version_text(); };
  app.set_version_flag("-v,--version", version);
  app.require_subcommand(1);
  app.fallthrough(false);
  for (const auto add :
       {add_serve, add_run, add_list, add_ps, add_stop, add_show, add_create, add_pull, add_push, add_cp,
        add_rm, add_accounts, add_launch, add_top, add_bench, add_compile, add_doctor, add_completion})
    add(app);
  for (CLI::App* command : app.get_subcommands({})) {
    command->set_version_flag("--version", version);
  }
  try {
    std::vector<std::string> words(argv + 1, argv + argc);
    if (words.empty()) words = ask_for_command();
    if (words.empty()) words = {"--help"};
    refuse_unknown_command(app, words.front());
    std::reverse(words.begin(), words.end());  // the library takes them so
    app.parse(std::move(words));
  } catch (const CLI::RuntimeError& status) {
    return status.get_exit_code();
  } catch (const CLI::Success& answered) {  // --help, --version
    return app.exit(answered);
  } catch (const CLI::ParseError& misuse) {
    std::fprintf(stderr, "Error: %s\nRun with --help for more information.\n", misuse.what());
    return 1;
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
