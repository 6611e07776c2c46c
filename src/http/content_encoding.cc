#include "http/content_encoding.h"

#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "http/headers.h"

namespace axllama::http {
namespace {

constexpr std::size_t kStepBytes = 64 * 1024;

[[noreturn]] void fail(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

void append(std::string& out, const std::array<char, kStepBytes>& bytes, std::size_t count,
            std::size_t limit) {
  if (out.size() + count > limit) {
    fail("the request body is longer than the " + std::to_string(limit) +
         " bytes allowed once it is decompressed");
  }
  out.append(bytes.data(), count);
}

std::string inflate_body(const std::string& body, std::size_t limit) {
  constexpr int kWindowBits = 15;
  constexpr int kDetectHeader = 32;  // gzip's or zlib's
  z_stream stream{};
  if (inflateInit2(&stream, kWindowBits + kDetectHeader) != Z_OK) {
    throw base::Error(base::ErrorCode::kResourceExhausted, "there is no memory to decompress a request body");
  }
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, &inflateEnd);
  // zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, kStepBytes> step;
  int result = Z_OK;
  while (result != Z_STREAM_END) {
    stream.next_out = reinterpret_cast<Bytef*>(step.data());
    stream.avail_out = static_cast<uInt>(step.size());
    result = inflate(&stream, Z_NO_FLUSH);
    append(out, step, step.size() - stream.avail_out, limit);
    if (result != Z_OK && result != Z_STREAM_END) {
      fail("the request body is not the gzip data that its Content-Encoding promises");
    }
  }
  return out;
}

std::string decompress_zstd(const std::string& body, std::size_t limit) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  constexpr int kMostWindowLog = 25;  // 32 MiB of memory
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kMostWindowLog);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::string out;
  std::array<char, kStepBytes> step;
  std::size_t missing = 1;
  bool full = false;  // more may come out without further input
  while (in.pos < in.size || full) {
    ZSTD_outBuffer to{step.data(), step.size(), 0};
    missing = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(missing) != 0U) {
      break;
    }
    append(out, step, to.pos, limit);
    full = to.pos == to.size && missing != 0;
  }
  if (missing != 0) {
    fail("the request body is not the zstd data that its Content-Encoding promises");
  }
  return out;
}

}  // namespace

std::string decode_content(std::string_view encoding, std::string body, std::size_t limit) {
  const std::string coding = to_lower(trim(encoding));
  if (coding.empty() || coding == "identity") {
    return body;
  }
  if (coding == "gzip" || coding == "x-gzip" || coding == "deflate") {
    return inflate_body(body, limit);
  }
  if (coding == "zstd") {
    return decompress_zstd(body, limit);
  }
  fail("the request body has the Content-Encoding \"" + coding +
       "\"; this server reads gzip, deflate and zstd");
}

}  // namespace axllama::http
