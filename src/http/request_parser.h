#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"

namespace axllama::http {

/// Reads one HTTP/1.x request from bytes that arrive in any parts. Stops at the end of the header, so that
/// its owner can refuse or say "100 Continue" before the body is read, and at the end of the request: what
/// follows belongs to the next one. Not thread-safe.
class RequestParser {
 public:
  explicit RequestParser(std::size_t header_limit);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Takes bytes and returns how many were used; the rest must be given again, with more behind it. Before
  /// the end of the header at most the header is used.
  std::size_t parse(std::string_view bytes);

  struct Failure {
    int status = 400;
    std::string message;
  };
  /// Set when the request is malformed: nothing after it on the connection can be understood.
  const std::optional<Failure>& failure() const noexcept;

  bool header_done() const noexcept;
  bool done() const noexcept;

  // Valid from header_done() on.
  Request& request() noexcept;
  bool keep_alive() const noexcept;
  bool expects_continue() const noexcept;
  std::optional<std::uint64_t> content_length() const noexcept;
  /// Bytes of the body so far, kept or not.
  std::uint64_t body_bytes() const noexcept;
  /// Drops the body from now on.
  void discard_body() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::http
