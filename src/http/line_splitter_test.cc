#include "http/line_splitter.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::http {
namespace {

using ::testing::ElementsAre;

TEST(LineSplitter, LinesComeWholeWhateverThePieces) {
  const std::string stream = "one\r\n\ntwo\nthree";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    std::vector<std::string> lines;
    LineSplitter splitter([&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      EXPECT_TRUE(splitter.push(std::string_view(stream).substr(at, piece)));
    }
    EXPECT_TRUE(splitter.finish());
    EXPECT_THAT(lines, ElementsAre("one", "two", "three")) << piece;
  }
}

TEST(LineSplitter, EndsWhenNothingMoreIsWanted) {
  int lines = 0;
  LineSplitter splitter([&](std::string_view) { return ++lines < 2; });
  EXPECT_FALSE(splitter.push("a\nb\nc\n"));
  EXPECT_EQ(lines, 2);
}

TEST(LineSplitter, ALineHasALimit) {
  LineSplitter splitter([](std::string_view) { return true; });
  EXPECT_THROW(splitter.push(std::string(LineSplitter::kMostLineBytes + 1, 'x')), base::Error);
}

}  // namespace
}  // namespace axllama::http
