#pragma once

namespace CLI {
class App;
}

namespace axllama::cli {

// Each adds one subcommand with its options and what it does. A command reports failure by throwing
// base::Error (printed as "Error: ...", exit status 1) or CLI::RuntimeError with another status.
void add_serve(CLI::App& app);
void add_run(CLI::App& app);
void add_list(CLI::App& app);
void add_ps(CLI::App& app);
void add_show(CLI::App& app);
void add_create(CLI::App& app);
void add_pull(CLI::App& app);
void add_push(CLI::App& app);
void add_cp(CLI::App& app);
void add_rm(CLI::App& app);
void add_accounts(CLI::App& app);  // signin, signout
void add_stop(CLI::App& app);
void add_launch(CLI::App& app);
void add_top(CLI::App& app);
void add_bench(CLI::App& app);
void add_compile(CLI::App& app);
void add_doctor(CLI::App& app);
void add_completion(CLI::App& app);

/// Parses the command line and runs it; the program's exit status: 0, 1 for every failure and misuse, 130
/// after Ctrl-C, and what a command says.
int main_with(int argc, char** argv);

}  // namespace axllama::cli
