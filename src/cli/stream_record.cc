#include "cli/stream_record.h"

#include "base/error.h"

namespace axllama::cli {

StreamRecord read_stream_record(std::string_view line, const std::string& url) {
  StreamRecord record{.json = nlohmann::ordered_json::parse(line, nullptr, false)};
  if (!record.json.is_object()) {
    throw base::Error(base::ErrorCode::kInternal, url + " did not answer with JSON objects");
  }
  const auto error = record.json.find("error");
  if (error != record.json.end() && !error->is_null()) {
    record.error = error->is_string() ? error->get<std::string>() : error->dump();
  }
  const auto done = record.json.find("done");
  const auto status = record.json.find("status");
  record.last =
      (done != record.json.end() && *done == true) || (status != record.json.end() && *status == "success");
  return record;
}

}  // namespace axllama::cli
