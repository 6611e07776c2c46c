#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/top_view.h"

namespace axllama::cli {
namespace {

constexpr const char* kHomeAndErase = "\x1b[H\x1b[J";
constexpr std::chrono::milliseconds kReaction{100};  // to Ctrl-C

std::string picture(ApiClient& client) {
  ServerState state{client.get("/api/version"), client.get("/api/ps")};
  try {
    state.status = client.get("/api/status");
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) throw;  // an older Ollama
  }
  return top_view(client.base_url(), state);
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

/// Draws again and again until Ctrl-C.
void watch(ApiClient& client, std::chrono::duration<double> interval) {
  const InterruptGuard interrupts;
  while (true) {
    print(kHomeAndErase + picture(client) + "\nCtrl + c ends this.\n");
    const auto next = std::chrono::steady_clock::now() + interval;
    while (std::chrono::steady_clock::now() < next) {
      if (InterruptGuard::take()) return;
      std::this_thread::sleep_for(kReaction);
    }
  }
}

}  // namespace

void add_top(CLI::App& app) {
  auto seconds = std::make_shared<double>(1.0);
  CLI::App* command =
      app.add_subcommand("top", "Watch cards, memory and models; one picture when not on a terminal");
  command->add_option("-n,--interval", *seconds, "Seconds between two pictures")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->callback([seconds] {
    ApiClient client;
    stdout_is_terminal() ? watch(client, std::chrono::duration<double>(*seconds)) : print(picture(client));
  });
}

}  // namespace axllama::cli
