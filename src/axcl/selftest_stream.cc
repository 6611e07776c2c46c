#include "axcl/selftest_stream.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "axcl/stream.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiecesOfAStep = 5;
constexpr std::size_t kPiecesAtTheEnd = 3;
constexpr std::size_t kSteps = (kProvenInStream - kPiecesAtTheEnd) / kPiecesOfAStep;
constexpr int kRuns = 2;
constexpr std::chrono::milliseconds kPatience{10000};
constexpr double kCallWorthSaving = 30;  // microseconds; over a bus calls cost more, on the host far less

/// Call by call, with the words of a Stream.
struct BlockingCalls {
  Card& card;

  void upload(DeviceSpan dst, std::span<const std::byte> src) const { card.upload(dst, src); }
  void download(std::span<std::byte> dst, DeviceSpan src) const { card.download(dst, src); }
  void copy(DeviceSpan dst, DeviceSpan src) const { card.copy(dst, src); }
  static void execute(IoBinding& io) { io.execute(); }
};

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

std::string whole_number(double number) {
  return std::to_string(std::lround(number));
}

}  // namespace

SelfTestStream::SelfTestStream(Card& card, Model& model, const LayerForm& form)
    : card_(card), model_(model), form_(form), decode_(card, model, form, form.decode_group) {
  const std::size_t steps = std::min(kSteps, form.slots);
  for (std::size_t row = 0; row < steps; ++row) steps_.push_back(make_step(row));
  outputs_ = DeviceBuffer(card, steps * form.hidden * sizeof(Bf16));
  results_ = HostBuffer(card, outputs_.size() + 2 * steps * form.kv * sizeof(Bf16));
}

SelfTestStream::Step SelfTestStream::make_step(std::size_t row) {
  const std::vector<Bf16> input = probe_row(row, form_.hidden);
  const std::vector<Bf16> mask = decode_mask(form_.slots, row);
  const std::vector<std::uint32_t> positions(form_.index_rows, static_cast<std::uint32_t>(row));
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(input)), std::as_bytes(std::span(mask)),
                                              std::as_bytes(std::span(positions))};
  HostBuffer host(card_, parts[0].size() + parts[1].size() + parts[2].size());
  std::span<std::byte> rest = host.bytes();
  std::span<std::byte> placed[3];
  for (std::size_t i = 0; i < 3; ++i) {
    placed[i] = rest.first(parts[i].size());
    std::copy(parts[i].begin(), parts[i].end(), placed[i].begin());
    rest = rest.subspan(parts[i].size());
  }
  IoBinding io(model_, form_.decode_group);
  for (std::size_t i = 0; i < model_.inputs().size(); ++i) io.bind_input(i, decode_.in(i));
  const std::size_t row_bytes = form_.kv * sizeof(Bf16);
  io.bind_output(form_.k_out, decode_.in(form_.k_cache).subspan(row * row_bytes, row_bytes));
  io.bind_output(form_.v_out, decode_.in(form_.v_cache).subspan(row * row_bytes, row_bytes));
  io.bind_output(form_.output, decode_.out(form_.output));
  return {std::move(host), placed[0], placed[1], placed[2], std::move(io)};
}

template <typename Way>
void SelfTestStream::give_to(Way& way) {
  const std::size_t row_bytes = form_.hidden * sizeof(Bf16);
  for (std::size_t row = 0; row < steps_.size(); ++row) {
    Step& step = steps_[row];
    way.upload(decode_.in(form_.input), step.input);
    way.upload(decode_.in(form_.mask), step.mask);
    way.upload(decode_.in(form_.indices), step.positions);
    way.execute(step.io);
    way.copy(outputs_.span().subspan(row * row_bytes, row_bytes), decode_.out(form_.output));
  }
  const std::size_t cache_bytes = steps_.size() * form_.kv * sizeof(Bf16);
  const std::span<std::byte> results = results_.bytes();
  way.download(results.first(outputs_.size()), outputs_.span());
  way.download(results.subspan(outputs_.size(), cache_bytes),
               decode_.in(form_.k_cache).subspan(0, cache_bytes));
  way.download(results.subspan(outputs_.size() + cache_bytes, cache_bytes),
               decode_.in(form_.v_cache).subspan(0, cache_bytes));
}

void SelfTestStream::clear() {
  for (const std::size_t input : {form_.input, form_.mask, form_.indices, form_.k_cache, form_.v_cache}) {
    card_.fill(decode_.in(input), 0);
  }
  card_.fill(decode_.out(form_.output), 0);
  card_.fill(outputs_.span(), 0);
  std::fill(results_.bytes().begin(), results_.bytes().end(), std::byte{0});
}

double SelfTestStream::one_by_one() {
  clear();
  BlockingCalls calls{card_};
  const Clock::time_point begin = Clock::now();
  give_to(calls);
  return microseconds_since(begin) / static_cast<double>(steps_.size());
}

double SelfTestStream::in_a_stream() {
  clear();
  Stream stream(card_);
  const Clock::time_point begin = Clock::now();
  give_to(stream);
  if (!stream.synchronise_for(kPatience)) {
    throw Error(ErrorCode::kDevice,
                "The work was not done after " + std::to_string(kPatience.count() / 1000) + " s.");
  }
  return microseconds_since(begin) / static_cast<double>(steps_.size());
}

SelfTestCheck SelfTestStream::run(double call_us) {
  const auto outcome = [](Verdict verdict, const std::string& what) {
    return SelfTestCheck{kAsynchronousCheck, 0, verdict,
                         what + (verdict == Verdict::kPassed ? "" : " Calls are made one by one.")};
  };
  if (!Stream::offered(card_)) return outcome(Verdict::kSkipped, "The runtime has no streams.");
  const double blocking_us = one_by_one();
  const std::vector<std::byte> expected(results_.bytes().begin(), results_.bytes().end());
  double stream_us = 0;
  try {
    for (int run = 0; run < kRuns; ++run) {
      stream_us = in_a_stream();
      if (!std::equal(expected.begin(), expected.end(), results_.bytes().begin())) {
        return outcome(Verdict::kWrong, "Work in a stream gives other results than call by call.");
      }
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUnavailable) throw;
    return outcome(Verdict::kRefused, "Work in a stream fails. " + error.message());
  }
  return outcome(call_us >= kCallWorthSaving ? Verdict::kPassed : Verdict::kWorks,
                 std::to_string(steps_.size()) + " decode steps, " +
                     std::to_string(steps_.size() * kPiecesOfAStep + kPiecesAtTheEnd) +
                     " pieces of work in a stream, give the results that they give call by call; a step "
                     "takes " +
                     whole_number(stream_us) + " us instead of " + whole_number(blocking_us) + ", a call " +
                     whole_number(call_us) + ".");
}

}  // namespace axllama::axcl
