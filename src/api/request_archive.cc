#include "api/request_archive.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::api {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBodyEnding = ".body";
constexpr const char* kScriptEnding = ".sh";

/// "api_chat" of "/api/chat".
std::string route_name(const std::string& path) {
  std::string name;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (plain || !name.empty()) name += plain ? c : '_';
  }
  return name;
}

std::string numbered_name(std::size_t number, const std::string& path) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%06zu-", number);
  return text.data() + route_name(path);
}

/// A word of a shell's command line.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string script(const http::Request& request, const std::string& body_name) {
  std::string text = "#!/bin/sh\n# Sends the request again. Usage: HOST=127.0.0.1:11434 sh " + body_name;
  text.replace(text.size() - std::strlen(kBodyEnding), std::string::npos, kScriptEnding);
  text += "\ncd \"$(dirname \"$0\")\" || exit 1\ncurl -X " + request.method +
          " \"http://${HOST:-127.0.0.1:11434}\"" + quoted(request.target);
  for (const char* name : {"Content-Type", "Content-Encoding"}) {
    if (const std::string* value = request.headers.find(name)) {
      text += " \\\n  -H " + quoted(std::string(name) + ": " + *value);
    }
  }
  return text + " \\\n  --data-binary @" + quoted(body_name) + "\n";
}

bool write(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  return static_cast<bool>(file.flush());
}

}  // namespace

RequestArchive::RequestArchive(const fs::path& parent) {
  std::string pattern = (parent / "axllama-requests-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "cannot make a folder for requests in " +
                                                             parent.string() + ": " + std::strerror(errno));
  }
  folder_ = pattern;
}

void RequestArchive::save(const http::Request& request) {
  const std::lock_guard lock(mutex_);
  const std::string name = numbered_name(++saved_, request.path);
  if (!write(folder_ / (name + kBodyEnding), request.body) ||
      !write(folder_ / (name + kScriptEnding), script(request, name + kBodyEnding))) {
    telemetry::log(telemetry::LogLevel::kWarning, "a request cannot be written down",
                   {{"id", request.id}, {"folder", folder_.string()}});
    return;
  }
  telemetry::log(telemetry::LogLevel::kInfo, "request written down",
                 {{"id", request.id}, {"script", (folder_ / (name + kScriptEnding)).string()}});
  names_.push_back(name);
  if (names_.size() > kMostRequests) {
    std::error_code ignored;
    for (const char* ending : {kBodyEnding, kScriptEnding}) {
      fs::remove(folder_ / (names_.front() + ending), ignored);
    }
    names_.pop_front();
  }
}

}  // namespace axllama::api
