#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// One record of a streamed answer.
struct StreamRecord {
  nlohmann::ordered_json json = {};  // an object
  std::string error = {};            // not empty: the answer ends here
  bool last = false;                 // the answer is complete
};

/// Reads a line of what `url` answers. Throws Error when it is no JSON object.
StreamRecord read_stream_record(std::string_view line, const std::string& url);

}  // namespace axllama::cli
