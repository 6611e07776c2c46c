#include "api/streams/record_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/status.h"

namespace axllama::api::streams {
namespace {

using ::testing::ElementsAre;

TEST(RecordRing, KeepsTheNewestRecordsUnderTheirNumbers) {
  std::atomic<std::size_t> total{0};
  {
    RecordRing ring(total);
    EXPECT_EQ(ring.first(), 0U);
    for (const char* record : {"a\n", "bb\n", "ccc\n"}) {
      ring.push(record);
    }
    ring.drop_oldest();
    EXPECT_EQ(ring.first(), 1U);
    EXPECT_EQ(ring.next(), 3U);
    EXPECT_EQ(ring.bytes(), RecordRing::cost("bb\n") + RecordRing::cost("ccc\n"));
    EXPECT_EQ(total, ring.bytes());
    std::uint64_t from = 1;
    EXPECT_EQ(ring.read(from, 100), "bb\nccc\n");
    EXPECT_EQ(from, 3U);
    EXPECT_EQ(ring.read(from, 100), "");
  }
  EXPECT_EQ(total, 0U);
}

TEST(RecordRing, ReadsWholeRecordsAndOneAtLeast) {
  std::atomic<std::size_t> total{0};
  RecordRing ring(total);
  ring.push("a long record\n");
  ring.push("b\n");
  ring.push("c\n");
  std::uint64_t from = 0;
  EXPECT_EQ(ring.read(from, 4), "a long record\n");
  EXPECT_EQ(ring.read(from, 4), "b\nc\n");
}

TEST(RecordRing, RecordsAreLinesOrEvents) {
  EXPECT_THAT(split_records("{\"a\":1}\n{}\n", http::kNdjsonContentType), ElementsAre("{\"a\":1}\n", "{}\n"));
  EXPECT_THAT(split_records("event: x\ndata: 1\n\ndata: [DONE]\n\n", http::kEventStreamContentType),
              ElementsAre("event: x\ndata: 1\n\n", "data: [DONE]\n\n"));
  EXPECT_EQ(numbered("data: 1\n\n", 7, http::kEventStreamContentType), "id: 7\ndata: 1\n\n");
  EXPECT_EQ(numbered("{}\n", 7, http::kNdjsonContentType), "{}\n");
}

}  // namespace
}  // namespace axllama::api::streams
