// Streams on the software card, and where there are none.

#include "axcl/stream.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "axcl/card.h"
#include "axcl/layer_probe.h"
#include "axcl/model.h"
#include "axcl/testing/fake_card.h"
#include "axcl/testing/software_card.h"
#include "base/testing/error_of.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;
using base::testing::error_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class StreamTest : public testing::SoftwareCardTest {};

/// A layer's first decode step, with its inputs in place.
struct FirstStep {
  FirstStep(Card& card, const std::filesystem::path& layer)
      : model(card, layer), form(LayerForm::of(model)), run(card, model, form, form.decode_group) {
    run.write_rows(0);
    run.write(form.mask, decode_mask(form.slots, 0));
  }

  Model model;
  LayerForm form;
  LayerRun run;
};

std::vector<std::byte> numbered(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 1);
  return bytes;
}

TEST_F(StreamTest, CopiesInOrderAndCountsAsBlockingCallsDo) {
  Card& card = open();
  const DeviceBuffer first(card, 512);
  const DeviceBuffer second(card, 512);
  const std::vector<std::byte> up = numbered(512);
  std::vector<std::byte> down(512);
  const CallCounters before = card.counters();
  Stream stream(card);
  const CallCounters made = card.counters();
  stream.upload(first.span(), up);
  stream.copy(second.span(), first.span());
  stream.download(down, second.span());
  EXPECT_EQ(stream.pending(), 3U);
  stream.synchronise();
  EXPECT_EQ(stream.pending(), 0U);
  EXPECT_EQ(down, up);
  EXPECT_EQ((made - before).remote_calls, 1U);  // making it
  const CallCounters spent = card.counters() - made;
  EXPECT_EQ(spent.remote_calls, 3U);
  EXPECT_EQ(spent.waits, 1U);
  EXPECT_EQ(spent.bytes_to_card, 512U);
  EXPECT_EQ(spent.bytes_on_card, 512U);
  EXPECT_EQ(spent.bytes_from_card, 512U);
}

TEST_F(StreamTest, ExecutesWithTheBindingsOfTheSubmission) {
  Card& card = open();
  Model model(card, layer());
  const LayerForm form = LayerForm::of(model);
  LayerRun run(card, model, form, form.decode_group);
  run.write_rows(3);
  run.write(form.mask, decode_mask(form.slots, 0));
  const LayerRows expected = run.results();

  card.fill(run.out(form.output), 0);
  const std::uint64_t executes = card.counters().executes;
  std::vector<base::Bf16> output(form.hidden);
  Stream stream(card);
  stream.execute(run.io());
  EXPECT_EQ(error_of([&] { run.io().bind_output(form.output, run.in(form.input)); }).message(),
            "A buffer was to be bound to shape group 0 of random_p64_l0_together.axmodel while a stream "
            "executes it.");
  stream.download(std::as_writable_bytes(std::span(output)), run.out(form.output));
  stream.synchronise();
  EXPECT_EQ(output, expected.output);
  EXPECT_EQ(card.counters().executes, executes + 1);
  EXPECT_NO_THROW(run.io().bind_output(form.output, run.out(form.output)));
}

TEST_F(StreamTest, KeepsModelsAndObjectsUntilTheWorkIsDone) {
  Card& card = open(R"({"quiet":true,"faults":"slow_execute:ms=20"})");
  std::optional<Model> model(std::in_place, card, layer());
  const LayerForm form = LayerForm::of(*model);
  std::optional<LayerRun> run(std::in_place, card, *model, form, form.decode_group);
  run->write_rows(0);
  run->write(form.mask, decode_mask(form.slots, 0));
  Stream stream(card);
  for (int i = 0; i < 3; ++i) stream.execute(run->io());
  IoBinding taken = std::move(run->io());
  model.reset();
  {
    const IoBinding gone = std::move(taken);
  }
  EXPECT_EQ(stream.pending(), 3U);
  EXPECT_NO_THROW(stream.synchronise());
  EXPECT_EQ(stream.pending(), 0U);
}

TEST_F(StreamTest, RefusesBrokenBindingsAndUnequalSizesBeforeTheyReachTheCard) {
  Card& card = open();
  Model model(card, layer());
  IoBinding io(model, 0);
  Stream stream(card);
  EXPECT_EQ(error_of([&] { stream.execute(io); }).code(), ErrorCode::kInternal);
  const DeviceBuffer buffer(card, 8);
  const std::array<std::byte, 4> four{};
  EXPECT_EQ(error_of([&] { stream.upload(buffer.span(), four); }).message(),
            "upload was asked to move 4 bytes into 8 bytes.");
  EXPECT_EQ(stream.pending(), 0U);
}

TEST_F(StreamTest, NamesTheFailedExecutionWhenThereIsOne) {
  Card& card = open(R"({"quiet":true,"faults":"execute_error:at=1"})");
  FirstStep step(card, layer());
  const std::vector<std::byte> four = numbered(4);
  Stream stream(card);
  stream.upload(step.run.in(step.form.input).subspan(0, 4), four);
  stream.execute(step.run.io());
  const Error error = error_of([&] { stream.synchronise(); });
  EXPECT_EQ(error.code(), ErrorCode::kDevice);
  EXPECT_EQ(error.message(),
            "Executing shape group 0 of random_p64_l0_together.axmodel failed: runtime/engine/0C, execution "
            "failed (0x8030070C).");
  EXPECT_EQ(stream.pending(), 0U);
  stream.execute(step.run.io());
  EXPECT_NO_THROW(stream.synchronise()) << "an error is told once";
}

TEST_F(StreamTest, SaysAmongHowManyTheFailedPieceIs) {
  Card& card = open(R"({"quiet":true,"faults":"copy_error:at=2"})");
  const DeviceBuffer buffer(card, 64);
  std::vector<std::byte> host = numbered(64);
  Stream stream(card);
  stream.upload(buffer.span(), host);
  stream.download(host, buffer.span());
  stream.upload(buffer.span(), host);
  EXPECT_THAT(
      error_of([&] { stream.synchronise(); }).message(),
      AllOf(HasSubstr("One of 3 pieces of work in a stream failed, from \"Copying 64 bytes to the card\" to "
                      "\"Copying 64 bytes to the card\""),
            HasSubstr("0x80300501")));
}

TEST_F(StreamTest, SaysWhenTheCardTakesNoWork) {
  Card& card = open(R"({"quiet":true,"faults":"submit_error:at=2"})");
  const DeviceBuffer buffer(card, 64);
  const std::vector<std::byte> host = numbered(64);
  Stream stream(card);
  stream.upload(buffer.span(), host);
  EXPECT_THAT(error_of([&] { stream.upload(buffer.span(), host); }).message(),
              HasSubstr("Copying 64 bytes to the card in a stream was refused"));
  stream.synchronise();
}

TEST_F(StreamTest, ACardThatIsGoneIsUnavailable) {
  Card& card = open(R"({"quiet":true,"faults":"offline:at=1"})");
  FirstStep step(card, layer());
  Stream stream(card);
  stream.execute(step.run.io());
  EXPECT_EQ(error_of([&] { stream.synchronise(); }).code(), ErrorCode::kUnavailable);
}

TEST_F(StreamTest, WaitsWithALimit) {
  Card& card = open(R"({"quiet":true,"faults":"hang:at=1,ms=300"})");
  FirstStep step(card, layer());
  Stream stream(card);
  stream.execute(step.run.io());
  EXPECT_FALSE(stream.synchronise_for(std::chrono::milliseconds(1)));
  EXPECT_EQ(stream.pending(), 1U);
  stream.synchronise();
  EXPECT_EQ(stream.pending(), 0U);
}

TEST_F(StreamTest, RefusesOtherThreads) {
  Card& card = open();
  const DeviceBuffer buffer(card, 4);
  const std::vector<std::byte> host = numbered(4);
  Stream stream(card);
  const auto message = std::async(std::launch::async, [&] {
                         return error_of([&] { stream.upload(buffer.span(), host); }).message();
                       }).get();
  EXPECT_EQ(message, "upload was called from a thread that does not own the card.");
}

TEST_F(StreamTest, OutlivesItsCardWithoutTouchingIt) {
  auto card = std::make_unique<Card>(testing::open_software_card(), 0);
  Stream stream(*card);
  const DeviceBuffer buffer(*card, 64);
  const std::vector<std::byte> host = numbered(64);
  stream.upload(buffer.span(), host);
  card.reset();
  EXPECT_EQ(error_of([&] { stream.synchronise(); }).message(),
            "synchronise was called on a card that is closed.");
}

TEST(StreamWithoutRuntime, IsNotOfferedWhereTheRuntimeHasNone) {
  const testing::FakeLibrary fake("minimal");
  Card card(testing::open_runtime(fake), 0);
  EXPECT_FALSE(Stream::offered(card));
  EXPECT_EQ(error_of([&] { const Stream stream(card); }).code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace axllama::axcl
