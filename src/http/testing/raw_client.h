#pragma once

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/headers.h"

namespace axllama::http::testing {

/// An answer as it came over the wire.
struct RawResponse {
  int status = 0;
  Headers headers;
  std::string body;       // chunks joined
  bool complete = false;  // by its length or its last chunk
  int interim = 0;        // answers "100 Continue" before it
};

/// A TCP client for tests that must control every byte. Every wait ends after kPatience with an exception or
/// an incomplete answer, so that no test can hang.
class RawClient {
 public:
  // Emulated, or checked by a sanitizer, a text of ten megabytes takes most of a minute.
  static constexpr std::chrono::seconds kPatience{120};

  explicit RawClient(std::uint16_t port, int receive_buffer = 0) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (receive_buffer > 0) {
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      const int error = errno;
      ::close(descriptor_);
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(error));
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False when the server has closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }

  void close() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
      descriptor_ = -1;
    }
  }

  /// Reads more into buffer(); false at the end of the connection or after `patience`.
  bool read_more(std::chrono::milliseconds patience = kPatience) {
    pollfd wait{descriptor_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) {
      return false;
    }
    std::array<char, 64 * 1024> chunk{};
    const ssize_t got = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }

  /// What was read and not taken yet.
  std::string& buffer() { return buffer_; }

  /// Reads until `text` has arrived; false when it never does.
  bool read_until(std::string_view text) {
    while (buffer_.find(text) == std::string::npos) {
      if (!read_more()) {
        return false;
      }
    }
    return true;
  }

  /// True when the server ends the connection and sends nothing more before.
  bool reaches_end(std::chrono::milliseconds patience = kPatience) {
    while (read_more(patience)) {
    }
    return closed_;
  }

  RawResponse read_response(bool head_only = false) {
    RawResponse response;
    while (true) {
      if (!read_until("\r\n\r\n")) {
        return response;
      }
      const std::size_t end = buffer_.find("\r\n\r\n");
      parse_head(std::string_view(buffer_).substr(0, end + 2), response);
      buffer_.erase(0, end + 4);
      if (response.status != 100) {
        break;
      }
      ++response.interim;
      response.headers = {};
    }
    if (head_only || response.status == 204) {
      response.complete = true;
    } else if (const std::string* length = response.headers.find("Content-Length")) {
      read_counted(number(*length, 10), response);
    } else if (response.headers.has_token("Transfer-Encoding", "chunked")) {
      read_chunks(response);
    } else {
      response.complete = reaches_end();
      response.body = std::exchange(buffer_, {});
    }
    return response;
  }

  /// Sends a request with the necessary fields and reads the answer.
  RawResponse exchange(const std::string& method, const std::string& target, const std::string& body = {},
                       const std::string& fields = "Host: localhost\r\n") {
    std::string request = method + " " + target + " HTTP/1.1\r\n" + fields;
    if (!body.empty()) {
      request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    send(request + "\r\n" + body);
    return read_response(method == "HEAD");
  }

 private:
  static std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, base);
    return value;
  }

  static void parse_head(std::string_view head, RawResponse& response) {
    bool first = true;
    while (!head.empty()) {
      const auto end = head.find("\r\n");
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(end + 2);
      if (first) {
        response.status = line.size() > 12 ? static_cast<int>(number(line.substr(9, 3), 10)) : 0;
        first = false;
        continue;
      }
      const auto colon = line.find(':');
      response.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    }
  }

  void read_counted(std::size_t length, RawResponse& response) {
    while (buffer_.size() < length && read_more()) {
    }
    response.complete = buffer_.size() >= length;
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }

  void read_chunks(RawResponse& response) {
    while (read_until("\r\n")) {
      const auto end = buffer_.find("\r\n");
      const std::size_t size = number(std::string_view(buffer_).substr(0, end), 16);
      while (buffer_.size() < end + 2 + size + 2) {
        if (!read_more()) {
          return;
        }
      }
      response.body += buffer_.substr(end + 2, size);
      buffer_.erase(0, end + 2 + size + 2);
      if (size == 0) {
        response.complete = true;
        return;
      }
    }
  }

  int descriptor_ = -1;
  std::string buffer_;
  bool closed_ = false;
};

}  // namespace axllama::http::testing
