#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "text/chat_template.h"

namespace axllama::text {

/// How a template wants to see messages, as far as templates differ.
struct MessageForm {
  bool thinking_field = false;    // `thinking` instead of `reasoning_content`
  bool content_parts = false;     // content as [{"type": "text", "text": ...}] instead of a string
  bool null_content = false;      // null instead of "" beside tool calls
  bool text_arguments = false;    // a call's arguments as JSON text instead of an object
  bool short_ids = false;         // identifiers of calls have nine letters and digits, and none is missing
  bool calls_in_content = false;  // the template leaves calls out: they are written into the content
  bool tools_in_system = false;   // the system message has a member `tools`, JSON text of a list of functions
};

/// The list of messages as the template reads it. `format`: how calls are written into the content.
nlohmann::ordered_json messages_json(const ChatTemplateInputs& inputs, const MessageForm& form,
                                     const ToolCallFormat& format);

}  // namespace axllama::text
