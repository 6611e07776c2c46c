#pragma once

#include <string>

#include "text/chat_template.h"

namespace axllama::api::ollama {

/// A Go template that writes plain conversations as `chat_template` does, for clients that look at templates.
/// Found by rendering short conversations; empty when the template does not treat messages one by one.
std::string describe_as_go_template(const text::ChatTemplate& chat_template);

}  // namespace axllama::api::ollama
