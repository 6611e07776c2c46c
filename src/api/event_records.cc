#include "api/event_records.h"

namespace axllama::api {

std::string data_record(const Json& data) {
  return "data: " + to_json(data) + "\n\n";
}

std::string event_record(std::string_view name, const Json& data) {
  return "event: " + std::string(name) + "\n" + data_record(data);
}

}  // namespace axllama::api
