#include "http/content_encoding.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

namespace axllama::http {
namespace {

using ::testing::HasSubstr;

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string error_of(std::string_view encoding, const std::string& body, std::size_t limit = 1000) {
  try {
    decode_content(encoding, body, limit);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    return error.message();
  }
  return "no error";
}

TEST(ContentEncodingTest, UndoesEveryCoding) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(i * 7919 % 10'007);
  }
  EXPECT_EQ(decode_content("", text), text);
  EXPECT_EQ(decode_content("identity", text), text);
  EXPECT_EQ(decode_content(" GZIP ", gzip(text)), text);
  EXPECT_EQ(decode_content("zstd", zstd(text)), text);
  EXPECT_EQ(decode_content("zstd", zstd(text.substr(0, 9)) + zstd(text.substr(9))), text);
  EXPECT_EQ(decode_content("gzip", gzip("")), "");
  EXPECT_EQ(decode_content("zstd", zstd("")), "");
}

TEST(ContentEncodingTest, RefusesWhatItCannotRead) {
  EXPECT_THAT(error_of("br", "x"), HasSubstr("\"br\""));
  EXPECT_THAT(error_of("gzip", "plain text"), HasSubstr("not the gzip data"));
  EXPECT_THAT(error_of("zstd", "plain text"), HasSubstr("not the zstd data"));
  EXPECT_THAT(error_of("gzip", ""), HasSubstr("not the gzip data"));
  EXPECT_THAT(error_of("zstd", ""), HasSubstr("not the zstd data"));
  const std::string text(500, 'x');
  EXPECT_THAT(error_of("gzip", gzip(text).substr(0, 12)), HasSubstr("not the gzip data"));
  EXPECT_THAT(error_of("zstd", zstd(text).substr(0, 12)), HasSubstr("not the zstd data"));
}

TEST(ContentEncodingTest, ASmallBodyCannotBecomeAHugeOne) {
  const std::string bomb(50'000'000, 'x');
  EXPECT_THAT(error_of("gzip", gzip(bomb), 1'000'000), HasSubstr("1000000 bytes"));
  EXPECT_THAT(error_of("zstd", zstd(bomb), 1'000'000), HasSubstr("1000000 bytes"));
  EXPECT_EQ(decode_content("zstd", zstd(bomb), bomb.size()).size(), bomb.size());
}

}  // namespace
}  // namespace axllama::http
