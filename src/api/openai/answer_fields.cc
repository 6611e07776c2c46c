#include "api/openai/answer_fields.h"

#include <string>

#include "api/chat/answer_form.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

void read_response_format(chat::AnswerForm& form, const JsonFields& fields) {
  const Json* format = fields.object("response_format");
  if (format == nullptr) {
    return;
  }
  const JsonFields members = fields.inside("response_format", *format);
  const std::string type = members.string("type");
  if (type == "json_object") {
    form.set_json("response_format");
  } else if (type == "json_schema") {
    const Json* wrapper = members.object("json_schema");
    const Json* schema =
        wrapper != nullptr ? members.inside("json_schema", *wrapper).object("schema") : nullptr;
    if (schema == nullptr) {
      refuse_request("the field \"response_format.json_schema.schema\" is missing");
    }
    form.set_schema("response_format", *schema);
  }
}

/// vLLM's object, which must hold one form: what it says otherwise would be taken for granted and not be
/// done.
void read_structured_outputs(chat::AnswerForm& form, const JsonFields& fields) {
  const Json* outputs = fields.object("structured_outputs");
  if (outputs == nullptr) {
    return;
  }
  const JsonFields members = fields.inside("structured_outputs", *outputs);
  chat::AnswerForm own;
  own.read_schema(members, "json");
  own.read_regex(members, "regex");
  own.read_choices(members, "choice");
  own.read_grammar(members, "grammar");
  if (members.boolean("json_object", false)) {
    own.set_json(members.path_of("json_object"));
  }
  if (own.empty()) {
    refuse_request(
        "the field \"structured_outputs\" must hold one of \"json\", \"regex\", \"choice\", \"grammar\" and "
        "\"json_object\"");
  }
  form.merge(own);
}

}  // namespace

void set_answer_form(chat::ChatRequest& request, const JsonFields& fields) {
  chat::AnswerForm form;
  read_response_format(form, fields);
  form.read_grammar(fields, "grammar");
  form.read_schema(fields, "json_schema");
  read_structured_outputs(form, fields);
  form.read_schema(fields, "guided_json");
  form.read_regex(fields, "guided_regex");
  form.read_choices(fields, "guided_choice");
  form.read_grammar(fields, "guided_grammar");
  form.apply(request);
}

}  // namespace axllama::api::openai
