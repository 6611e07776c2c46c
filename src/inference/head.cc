#include "inference/head.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;

/// The logits lie behind the indices at a multiple of this, in case the card writes whole bursts.
constexpr std::size_t kAlignment = 256;

std::size_t logits_offset(std::size_t count) {
  return (count * sizeof(std::int32_t) + kAlignment - 1) / kAlignment * kAlignment;
}

template <typename Value>
Value read(std::span<const std::byte> bytes, std::size_t offset) {
  Value value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

Head::Head(axcl::Card& card, CardQueue& queue, const std::filesystem::path& file, std::size_t hidden,
           std::size_t vocabulary)
    : card_(card), queue_(queue), model_(card, file), binding_(model_, 0) {
  const std::string name = file.filename().string();
  find_outputs(vocabulary);
  const std::size_t input_bytes = model_.inputs()[0].bytes[0];
  if (input_bytes != hidden * sizeof(Bf16)) {
    throw Error(ErrorCode::kInvalidArgument, "The input of " + name + " has " + std::to_string(input_bytes) +
                                                 " bytes, but the layers give " +
                                                 std::to_string(hidden * sizeof(Bf16)) + " bytes per token.");
  }
  find_norm(input_bytes);
  input_ = axcl::DeviceBuffer(card, input_bytes);
  card.fill(input_.span(), 0);
  binding_.bind_input(0, input_.span());
  card_bytes_ = std::filesystem::file_size(file) + input_bytes;
  bind_outputs();
}

void Head::check_type(std::size_t output, axcl::DataType expected, const std::string& what) const {
  const axcl::DataType type = model_.outputs()[output].type;
  if (type != expected && type != axcl::DataType::kNone) {
    throw Error(ErrorCode::kUnsupported, what + " of " + model_.file().filename().string() +
                                             " have element type " + std::to_string(static_cast<int>(type)) +
                                             " instead of " + std::to_string(static_cast<int>(expected)) +
                                             (expected == axcl::DataType::kBf16 ? " (bf16)." : " (int32)."));
  }
}

void Head::find_outputs(std::size_t vocabulary) {
  const std::string name = model_.file().filename().string();
  const auto indices = model_.output_index("indices");
  const auto largest = model_.output_index("logits");
  all_output_ = model_.output_index("output");
  logit_count_ = vocabulary;
  if (indices && all_output_ && !largest) {
    throw Error(ErrorCode::kUnsupported,
                name +
                    " gives probabilities of its largest logits (`indices` and `output`), and from them "
                    "tokens cannot be chosen as from logits. Use a head without post_topk.");
  }
  if (model_.inputs().size() != 1 || !(all_output_ || (indices && largest))) {
    throw Error(ErrorCode::kUnsupported,
                name + " is not an output head with one input and the logits as `output`: it has " +
                    std::to_string(model_.inputs().size()) + " inputs and " +
                    std::to_string(model_.outputs().size()) + " outputs.");
  }
  if (all_output_) {
    check_type(*all_output_, axcl::DataType::kBf16, "The logits");
    logit_count_ = model_.outputs()[*all_output_].bytes[0] / sizeof(Bf16);
    if (logit_count_ > vocabulary || logit_count_ == 0) {
      throw Error(ErrorCode::kInvalidArgument, name + " gives " + std::to_string(logit_count_) +
                                                   " logits, but the embedding table has " +
                                                   std::to_string(vocabulary) + " rows.");
    }
  }
  if (indices && largest) {
    check_type(*indices, axcl::DataType::kInt32, "The indices");
    check_type(*largest, axcl::DataType::kBf16, "The largest logits");
    top_count_ = model_.outputs()[*indices].bytes[0] / sizeof(std::int32_t);
    const std::size_t values = model_.outputs()[*largest].bytes[0] / sizeof(Bf16);
    if (top_count_ != values || top_count_ == 0) {
      throw Error(ErrorCode::kInvalidArgument, name + " gives " + std::to_string(top_count_) +
                                                   " indices and " + std::to_string(values) +
                                                   " logits that belong to them.");
    }
  }
}

void Head::find_norm(std::size_t input_bytes) {
  norm_output_ = model_.output_index("output_norm");
  if (!norm_output_) {
    return;
  }
  check_type(*norm_output_, axcl::DataType::kBf16, "The numbers of the normed row");
  if (const std::size_t bytes = model_.outputs()[*norm_output_].bytes[0]; bytes != input_bytes) {
    throw Error(ErrorCode::kInvalidArgument,
                "The normed row of " + model_.file().filename().string() + " has " + std::to_string(bytes) +
                    " bytes, but its input has " + std::to_string(input_bytes) + ".");
  }
}

void Head::bind_outputs() {
  if (top_count_ > 0) {
    top_ = axcl::DeviceBuffer(card_, logits_offset(top_count_) + top_count_ * sizeof(Bf16));
    card_bytes_ += top_.size();
  }
  for (std::size_t i = 0; i < model_.outputs().size(); ++i) {
    const axcl::TensorDescription& output = model_.outputs()[i];
    if (top_count_ > 0 && output.name == "indices") {
      binding_.bind_output(i, top_.span().subspan(0, output.bytes[0]));
    } else if (top_count_ > 0 && output.name == "logits") {
      binding_.bind_output(i, top_.span().subspan(logits_offset(top_count_), output.bytes[0]));
    } else {
      axcl::DeviceBuffer& buffer = i == all_output_    ? all_
                                   : i == norm_output_ ? normed_
                                                       : others_.emplace_back();
      buffer = axcl::DeviceBuffer(card_, output.bytes[0]);
      binding_.bind_output(i, buffer.span());
      card_bytes_ += buffer.size();
    }
  }
  if (norm_output_) {
    norm_ = axcl::HostBuffer(card_, normed_.size());
  }
}

Head::Output Head::make_output() {
  const std::size_t all = gives_all() ? logit_count_ * sizeof(Bf16) : 0;
  return {axcl::HostBuffer(card_, std::max(all, top_.size())), {}, {}};
}

void Head::run(Output& output, LogitsWanted wanted) {
  queue_.execute(binding_);
  const bool enough = top_count_ > 0 && (!gives_all() || (wanted && *wanted <= top_count_));
  fetch(output, enough ? std::optional(top_count_) : std::nullopt);
}

void Head::fetch(Output& output, std::optional<std::size_t> top) {
  output.top = top;
  const axcl::DeviceSpan source = top ? top_.span() : all_.span();
  queue_.download(output.bytes.bytes().first(source.size), source);
}

Logits Head::logits(Output& output) const {
  const std::span<const std::byte> bytes = output.bytes.bytes();
  if (!output.top) {
    return {{reinterpret_cast<const Bf16*>(bytes.data()), logit_count_}, {}};
  }
  output.largest.clear();
  for (std::size_t i = 0; i < *output.top; ++i) {
    const auto index = read<std::int32_t>(bytes, i * sizeof(std::int32_t));
    if (index < 0 || static_cast<std::size_t>(index) >= logit_count_) {
      throw Error(ErrorCode::kDevice, "The card's result for the next token names token " +
                                          std::to_string(index) + " of " + std::to_string(logit_count_) +
                                          " tokens.");
    }
    const auto logit = read<Bf16>(bytes, logits_offset(*output.top) + i * sizeof(Bf16));
    output.largest.push_back({base::bf16_to_f32(logit), index});
  }
  return {{}, output.largest};
}

bool Head::check_top(Output& output) {
  std::vector<Candidate> expected;
  LogitsSelection().top(logits(output).all, top_count_, expected);
  fetch(output, top_count_);
  queue_.wait();
  const auto same = [](const Candidate& a, const Candidate& b) { return a.id == b.id && a.logit == b.logit; };
  bool agrees = false;
  try {
    const std::span<const Candidate> largest = logits(output).largest;
    agrees = std::equal(largest.begin(), largest.end(), expected.begin(), expected.end(), same);
  } catch (const Error&) {  // tokens that there are not
  }
  fetch(output, std::nullopt);
  queue_.wait();
  if (!agrees) {
    top_count_ = 0;
  }
  return agrees;
}

std::span<const Bf16> Head::run_norm() {
  queue_.execute(binding_);
  queue_.download(norm_.bytes(), normed_.span());
  queue_.wait();
  return {reinterpret_cast<const Bf16*>(norm_.bytes().data()), norm_.bytes().size() / sizeof(Bf16)};
}

}  // namespace axllama::inference
