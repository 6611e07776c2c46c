#include "store/transfer/transfer_options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "store/durable_file.h"
#include "store/identity.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostStreams = 32;
constexpr std::uintmax_t kMostTokenBytes = 4096;

std::string trimmed(const std::string& text) {
  constexpr const char* kEdges = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kEdges);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kEdges) - first + 1);
}

std::string token_file(const fs::path& home) {
  try {
    return trimmed(read_file(home / ".cache" / "huggingface" / "token", kMostTokenBytes));
  } catch (const base::Error&) {
    return {};
  }
}

std::map<std::string, std::string> parse_credentials(const std::string& text) {
  std::map<std::string, std::string> credentials;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string entry = trimmed(text.substr(begin, end - begin));
    if (const auto equals = entry.find('='); equals != std::string::npos) {
      credentials[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    begin = end + 1;
  }
  return credentials;
}

}  // namespace

TransferOptions transfer_options_from_environment(const Environment& environment) {
  const auto value = [&environment](const char* name) {
    const char* text = environment ? environment(name) : std::getenv(name);
    return text == nullptr ? std::string() : trimmed(text);
  };
  TransferOptions options;
  if (const std::string hub = value("HF_ENDPOINT"); !hub.empty()) options.hub = hub;
  while (options.hub.ends_with('/')) options.hub.pop_back();
  options.hub_token = value("HF_TOKEN");
  if (options.hub_token.empty() && !value("HOME").empty()) options.hub_token = token_file(value("HOME"));
  options.registry_credentials = parse_credentials(value("AXLLAMA_REGISTRY_AUTH"));
  options.identity = identity_file(value("HOME"));
  options.catalogue = value("AXLLAMA_CATALOGUE");
  if (options.catalogue.empty() && !value("HOME").empty()) {
    options.catalogue = fs::path(value("HOME")) / ".axllama" / "catalogue.json";
  }
  std::string streams = value("AXLLAMA_MAX_TRANSFER_STREAMS");
  if (streams.empty()) streams = value("OLLAMA_MAX_TRANSFER_STREAMS");
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(streams.data(), streams.data() + streams.size(), count);
  const bool whole = error == std::errc() && end == streams.data() + streams.size();
  if (whole && count > 0) options.streams = std::min(count, kMostStreams);
  options.free_space = [](const fs::path& folder) -> std::uint64_t {
    std::error_code failed;
    const fs::space_info space = fs::space(folder, failed);
    return failed ? ~std::uint64_t{0} : space.available;
  };
  return options;
}

}  // namespace axllama::store
