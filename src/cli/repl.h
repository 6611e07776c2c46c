#pragma once

#include "cli/api_client.h"
#include "cli/chat_session.h"

namespace axllama::cli {

/// The interactive conversation of `axllama run MODEL`; `model` is what POST /api/show says of it. Returns
/// the exit status.
int run_repl(ApiClient& client, ChatSession session, nlohmann::ordered_json model);

}  // namespace axllama::cli
