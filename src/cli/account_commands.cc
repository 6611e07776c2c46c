#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"

// Accounts are those of ollama.com: our server has none, a stock Ollama may be signed in to one.

namespace axllama::cli {
namespace {

using Json = nlohmann::ordered_json;

void sign_in() {
  ApiClient client;
  const ApiReply reply = client.exchange("POST", "/api/me", Json::object());
  if (reply.status == 200) {
    const std::string name = reply.body.value("name", "");
    if (name.empty()) {  // Ollama's server answers so when it cannot ask
      throw base::Error(
          base::ErrorCode::kUnavailable,
          "the server at " + client.base_url() + " cannot tell who is signed in; does it reach ollama.com?");
    }
    std::printf("You are already signed in as user '%s'\n", name.c_str());
    return;
  }
  const std::string url = reply.body.value("signin_url", "");
  if (url.empty()) {
    throw base::Error(base::ErrorCode::kUnsupported,
                      "the server at " + client.base_url() + " has no account to sign in to, and needs none");
  }
  std::printf("To sign in, open this address in a browser:\n    %s\n", url.c_str());
}

void sign_out() {
  ApiClient client;
  client.post("/api/signout", Json::object());
  std::puts("You are signed out.");
}

}  // namespace

void add_accounts(CLI::App& app) {
  app.add_subcommand("signin", "Sign in to ollama.com (at an Ollama server)")
      ->alias("login")
      ->callback(sign_in);
  app.add_subcommand("signout", "Sign out of ollama.com (at an Ollama server)")
      ->alias("logout")
      ->callback(sign_out);
}

}  // namespace axllama::cli
