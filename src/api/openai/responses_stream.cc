#include "api/openai/responses_stream.h"

#include <utility>

#include "api/error_bodies.h"
#include "api/event_records.h"
#include "http/status.h"

namespace axllama::api::openai {
namespace {

Json with(const char* name, Json value) {
  Json fields;
  fields[name] = std::move(value);
  return fields;
}

Json summary_part(const std::string& text) {
  return Json{{"type", "summary_text"}, {"text", text}};
}

}  // namespace

std::string_view ResponsesStream::content_type() const {
  return http::kEventStreamContentType;
}

std::string ResponsesStream::event(const char* type, Json fields) {
  Json data;
  data["type"] = type;
  data["sequence_number"] = sequence_number_++;
  data.update(fields);
  return event_record(type, data);
}

std::string ResponsesStream::item_event(const char* type, Json fields) {
  Json data;
  data["item_id"] = item_id_;
  data["output_index"] = output_.size();
  data.update(fields);
  return event(type, std::move(data));
}

std::string ResponsesStream::part_event(const char* type, Json fields) {
  Json data;
  data[open_ == Open::kReasoning ? "summary_index" : "content_index"] = 0;
  data.update(fields);
  return item_event(type, std::move(data));
}

std::string ResponsesStream::begin(const chat::BuiltPrompt& /*prompt*/) {
  std::string records = event("response.created", with("response", object_.begun()));
  records += event("response.in_progress", with("response", object_.begun()));
  return records;
}

std::string ResponsesStream::open(Open kind) {
  if (open_ == kind) {
    return {};
  }
  std::string records = close();
  open_ = kind;
  text_.clear();
  const bool reasoning = kind == Open::kReasoning;
  item_id_ = new_item_id(reasoning ? "rs" : "msg");
  Json added;
  added["output_index"] = output_.size();
  added["item"] = reasoning ? reasoning_item(item_id_, "") : message_item(item_id_, "", "in_progress");
  records += event("response.output_item.added", std::move(added));
  records += part_event(reasoning ? "response.reasoning_summary_part.added" : "response.content_part.added",
                        with("part", reasoning ? summary_part("") : text_part("")));
  return records;
}

std::string ResponsesStream::finish_item(Json item) {
  Json done;
  done["output_index"] = output_.size();
  done["item"] = item;
  output_.push_back(std::move(item));
  open_ = Open::kNone;
  return event("response.output_item.done", std::move(done));
}

std::string ResponsesStream::close_reasoning() {
  std::string records = part_event("response.reasoning_summary_text.done", with("text", text_));
  records += part_event("response.reasoning_summary_part.done", with("part", summary_part(text_)));
  return records + finish_item(reasoning_item(item_id_, text_));
}

std::string ResponsesStream::close_message() {
  Json done = with("text", text_);
  done["logprobs"] = Json::array();
  std::string records = part_event("response.output_text.done", std::move(done));
  records += part_event("response.content_part.done", with("part", text_part(text_)));
  return records + finish_item(message_item(item_id_, text_, "completed"));
}

std::string ResponsesStream::close() {
  switch (open_) {
    case Open::kReasoning:
      return close_reasoning();
    case Open::kMessage:
      return close_message();
    case Open::kNone:
      break;
  }
  return {};
}

std::string ResponsesStream::call(const text::ToolCall& call) {
  std::string records = close();
  item_id_ = new_item_id("fc");
  const std::string arguments = to_json(call.arguments);
  Json added;
  added["output_index"] = output_.size();
  added["item"] = function_call_item(item_id_, call, "", "in_progress");
  records += event("response.output_item.added", std::move(added));
  records += item_event("response.function_call_arguments.delta", with("delta", arguments));
  Json done = with("name", call.name);
  done["arguments"] = arguments;
  records += item_event("response.function_call_arguments.done", std::move(done));
  return records + finish_item(function_call_item(item_id_, call, arguments, "completed"));
}

std::string ResponsesStream::piece(chat::AnswerPiece piece) {
  std::string records;
  if (!piece.thinking.empty()) {
    records += open(Open::kReasoning);
    text_ += piece.thinking;
    records += part_event("response.reasoning_summary_text.delta", with("delta", piece.thinking));
  }
  if (!piece.content.empty()) {
    records += open(Open::kMessage);
    text_ += piece.content;
    Json delta = with("delta", piece.content);
    delta["logprobs"] = Json::array();
    records += part_event("response.output_text.delta", std::move(delta));
  }
  for (const text::ToolCall& made : piece.tool_calls) {
    records += call(made);
  }
  return records;
}

std::string ResponsesStream::end(const chat::AnswerEnd& end) {
  std::string records;
  const bool said_nothing = !end.called_tools && open_ != Open::kMessage;
  if (said_nothing) {
    records += open(Open::kMessage);
  }
  records += close();
  Json response = object_.ended(std::move(output_), end);
  const bool complete = response["status"] == "completed";
  return records + event(complete ? "response.completed" : "response.incomplete",
                         with("response", std::move(response)));
}

std::string ResponsesStream::error(const base::Error& error) {
  const int status = http::status_of(error.code());
  Json fields = openai_error(status, error.message());
  fields["code"] = fields["error"]["type"];
  fields["message"] = error.message();
  fields["param"] = nullptr;
  return event("error", std::move(fields));
}

std::string ResponsesStream::ping() {
  return std::string(kPingRecord);
}

}  // namespace axllama::api::openai
