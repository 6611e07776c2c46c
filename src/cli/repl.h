#pragma once

#include "cli/api_client.h"
#include "cli/chat_session.h"

namespace axllama::cli {

/// The interactive conversation of `axllama run MODEL`. Returns the exit status.
int run_repl(ApiClient& client, ChatSession session);

}  // namespace axllama::cli
