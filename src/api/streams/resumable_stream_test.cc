#include "api/streams/resumable_stream.h"

#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/status.h"

namespace axllama::api::streams {
namespace {

class ResumableStreamTest : public ::testing::Test {
 protected:
  std::shared_ptr<ResumableStream> make() {
    return std::make_shared<ResumableStream>(
        "id", ResumableStream::Form{std::string(http::kNdjsonContentType), "", {}}, limits_, total_,
        [this] { ++changes_; });
  }
  /// Appends as far as there is room; goes on in run().
  void append(ResumableStream& stream, std::string records) {
    boost::asio::co_spawn(context_, append_then_count(stream, std::move(records)), boost::asio::detached);
    run();
  }
  http::Awaitable<void> append_then_count(ResumableStream& stream, std::string records) {
    co_await stream.append(records);
    ++appended_;
  }
  void run() {
    context_.restart();
    context_.poll();
  }
  static std::string take(Reader& reader) {
    return reader.take([] {}).records;
  }

  Limits limits_;
  std::atomic<std::size_t> total_{0};
  int changes_ = 0;
  int appended_ = 0;
  boost::asio::io_context context_;
};

TEST_F(ResumableStreamTest, ReadersBeginWhereTheyLike) {
  const auto stream = make();
  append(*stream, "a\nb\nc\n");
  Reader all(stream, 0);
  Reader rest(stream, 2);
  EXPECT_EQ(stream->state().readers, 2U);
  EXPECT_EQ(take(all), "a\nb\nc\n");
  EXPECT_EQ(take(rest), "c\n");
  stream->end();
  EXPECT_TRUE(rest.take([] {}).last);
  EXPECT_THROW(Reader(stream, 4), base::Error);
  EXPECT_TRUE(Reader(stream, 3).take([] {}).last);
}

TEST_F(ResumableStreamTest, AWaitingReaderIsWoken) {
  const auto stream = make();
  Reader reader(stream, 0);
  int woken = 0;
  EXPECT_EQ(reader.take([&] { ++woken; }).records, "");
  append(*stream, "a\nb\n");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(take(reader), "a\nb\n");
  EXPECT_FALSE(reader.take([&] { ++woken; }).last);
  stream->fail(base::Error(base::ErrorCode::kDevice, "it broke"), "sorry\n");
  EXPECT_EQ(woken, 2);
  const Reader::Batch last = reader.take([] {});
  EXPECT_TRUE(last.last);
  EXPECT_EQ(last.error->message(), "it broke");
  EXPECT_EQ(last.error_records, "sorry\n");
}

TEST_F(ResumableStreamTest, WithoutAReaderTheOldestRecordsGo) {
  limits_.stream_records = 2;
  const auto stream = make();
  append(*stream, "a\nb\nc\n");
  EXPECT_EQ(appended_, 1);
  EXPECT_THROW(Reader(stream, 0), RecordsGone);
  Reader reader(stream, 1);
  EXPECT_EQ(take(reader), "b\nc\n");
}

TEST_F(ResumableStreamTest, AReaderThatIsBehindHoldsTheMakerUp) {
  limits_.stream_records = 2;
  const auto stream = make();
  auto reader = std::make_unique<Reader>(stream, 0);
  append(*stream, "a\nb\nc\nd\ne\nf\n");
  EXPECT_EQ(appended_, 0);
  EXPECT_EQ(take(*reader), "a\nb\n");
  run();
  EXPECT_EQ(take(*reader), "c\nd\n");
  run();
  EXPECT_EQ(appended_, 1);
  append(*stream, "g\nh\n");
  EXPECT_EQ(appended_, 1);
  reader.reset();
  run();
  EXPECT_EQ(appended_, 2);
  EXPECT_EQ(take(*std::make_unique<Reader>(stream, 6)), "g\nh\n");
}

TEST_F(ResumableStreamTest, BytesAreLimitedOfEachAndOfAll) {
  const std::size_t each = RecordRing::cost("a\n");
  limits_.stream_bytes = 4 * each;
  limits_.total_bytes = 6 * each;
  limits_.least_bytes = 2 * each;
  const auto first = make();
  append(*first, "a\nb\nc\nd\ne\n");
  EXPECT_EQ(total_, 4 * each);
  const auto second = make();
  append(*second, "a\nb\nc\n");
  EXPECT_EQ(total_, 6 * each);
  const auto third = make();
  append(*third, "a\nb\nc\n");
  EXPECT_EQ(total_, 8 * each);
  EXPECT_EQ(take(*std::make_unique<Reader>(third, 1)), "b\nc\n");
}

TEST_F(ResumableStreamTest, ARecordLargerThanEverythingIsKeptAlone) {
  limits_.stream_bytes = 1;
  limits_.least_bytes = 1;
  const auto stream = make();
  append(*stream, "long record\nlonger record\n");
  EXPECT_EQ(appended_, 1);
  EXPECT_EQ(take(*std::make_unique<Reader>(stream, 1)), "longer record\n");
}

}  // namespace
}  // namespace axllama::api::streams
