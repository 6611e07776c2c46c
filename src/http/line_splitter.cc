#include "http/line_splitter.h"

#include <utility>

#include "base/error.h"

namespace axllama::http {

bool LineSplitter::take(std::string_view line) const {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.empty() || on_line_(line);
}

bool LineSplitter::push(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMostLineBytes) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "the server sent a line of more than " + std::to_string(kMostLineBytes) + " bytes");
    }
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    const std::string complete = std::exchange(line_, {});
    if (!take(complete)) return false;
  }
  return true;
}

bool LineSplitter::finish() {
  const std::string rest = std::exchange(line_, {});
  return take(rest);
}

}  // namespace axllama::http
