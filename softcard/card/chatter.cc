#include "softcard/card/chatter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

namespace axllama::softcard {

void Chatter::read_level(const char* path) {
  if (path == nullptr) {
    return;
  }
  std::ifstream stream(path, std::ios::binary);
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  const nlohmann::json::json_pointer where("/log/host/level");
  if (json.is_discarded() || !json.is_object() || !json.contains(where)) {
    return;
  }
  const auto& level = json.at(where);
  if (level.is_number_integer()) {
    set_level(level.get<int>());
  } else if (level.is_string() && level.get<std::string>().size() == 1) {
    set_level(level.get<std::string>().front() - '0');
  }
}

void Chatter::say(int level, std::string_view text) const {
  if (!enabled_ || level < level_) {
    return;
  }
  constexpr std::string_view kLetters = "TDIWEC";
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> when{};
  std::strftime(when.data(), when.size(), "%Y-%m-%d %H:%M:%S", &parts);
  std::string line = "[" + std::string(when.data()) + "][" + std::to_string(::getpid()) + "][";
  line += kLetters[static_cast<std::size_t>(std::clamp(level, 0, 5))];
  line += "][axcl] ";
  line += text;
  line += '\n';
  // Past the host program's own buffering, as a logger's thread of its own would.
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, line.data(), line.size());
}

}  // namespace axllama::softcard
