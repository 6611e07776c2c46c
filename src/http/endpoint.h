#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace axllama::http {

inline constexpr std::uint16_t kDefaultPort = 11434;

/// Where a server listens or a client connects.
struct Endpoint {
  std::string scheme = "http";
  std::string host = "127.0.0.1";     // name or address without brackets; empty: every address of the machine
  std::uint16_t port = kDefaultPort;  // 0: any free port (servers only)
  std::string path = {};              // "/prefix" in front of every route (clients only), or empty

  /// "127.0.0.1:11434", "[::1]:80".
  std::string authority() const;
  /// For clients: "http://127.0.0.1:11434/prefix"; addresses that mean "every address" become the loopback
  /// address.
  std::string base_url() const;
};

struct ParsedEndpoint {
  Endpoint endpoint;
  std::string warning;  // a sentence when a part was not usable and its default took its place
};

/// Reads an address in every form OLLAMA_HOST takes: "", "host", ":port", "host:port", "[::1]:port", "::1",
/// "http(s)://host[:port][/path]" (then the default port is 80 or 443). Blanks and quotes around it are
/// dropped.
ParsedEndpoint parse_endpoint(std::string_view text, std::uint16_t default_port = kDefaultPort);

}  // namespace axllama::http
