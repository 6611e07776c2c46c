#include "doctor/host_view.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include <unistd.h>

namespace axllama::doctor {
namespace fs = std::filesystem;

bool HostView::exists(const fs::path& absolute) const {
  std::error_code error;
  return fs::exists(at(absolute), error);
}

bool HostView::may_use(const fs::path& absolute) const {
  return usable ? usable(absolute) : ::access(at(absolute).c_str(), R_OK | W_OK) == 0;
}

std::size_t HostView::page_bytes() const {
  return page_size != 0 ? page_size : static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string HostView::text(const fs::path& absolute) const {
  std::ifstream file(at(absolute), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string HostView::line(const fs::path& absolute) const {
  constexpr const char* kBlanks = " \t\r\n";
  std::string first = text(absolute);
  first.resize(std::min(first.find('\n'), first.size()));
  first.resize(std::min(first.find('\0'), first.size()));
  const std::size_t begin = first.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return {};
  return first.substr(begin, first.find_last_not_of(kBlanks) - begin + 1);
}

std::optional<std::int64_t> HostView::number(const fs::path& absolute) const {
  const std::string content = line(absolute);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(content.data(), content.data() + content.size(), value);
  if (error != std::errc() || end == content.data()) return std::nullopt;
  return value;
}

std::vector<std::string> HostView::names(const fs::path& absolute) const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry(at(absolute), error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    found.push_back(entry->path().filename().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace axllama::doctor
