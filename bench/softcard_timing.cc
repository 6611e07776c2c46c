// Drives the software card, computing nothing but taking the time its profiles say, in the way each published
// figure was made, and prints what was published, what the parameters predict and what came out. Real calls,
// real threads, 36 layers: what it prints is what a program measures. Takes about a minute.
//
//   softcard_timing [LIBRARY]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

#include "axcl/card.h"
#include "axcl/model.h"
#include "axcl/runtime.h"
#include "base/safetensors.h"
#include "softcard/card/testing/published_rates.h"
#include "softcard/format.h"
#include "softcard/weights/packed_matrix.h"

namespace {

using namespace axllama;
using namespace axllama::softcard::testing;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunk = 128;
constexpr int kRepeats = 5;

std::size_t size(double value) {
  return static_cast<std::size_t>(value);
}

/// A model file of zeroes in the given shape.
class ZeroModel {
 public:
  explicit ZeroModel(bool int4) : kind_(int4 ? "s4_g128" : "s8") {}

  void vector(const std::string& name, std::size_t count) { add(name, "F32", {count}, 4); }
  void matrix(const std::string& name, double rows, double columns) {
    const softcard::PackedLayout layout{*softcard::find_weight_kind(kind_), size(rows), size(columns)};
    add(name, "U8", {layout.blocks(), layout.block_bytes()}, 1);
    packed_ += (packed_.empty() ? "\"" : ",\"") + name + "\":\"" + kind_ + "\"";
  }
  /// The configuration's object of packed matrices.
  std::string packed() const { return "{" + packed_ + "}"; }
  void write(const fs::path& file, std::string_view program, const std::string& config) const {
    base::write_safetensors(file,
                            {{std::string(softcard::kFormatKey), std::string(softcard::kFormatVersion)},
                             {std::string(softcard::kProgramKey), std::string(program)},
                             {std::string(softcard::kConfigKey), config}},
                            entries_);
  }

 private:
  void add(const std::string& name, const char* type, std::vector<std::size_t> shape, std::size_t bytes) {
    for (const std::size_t dim : shape) bytes *= dim;
    if (zeroes_.size() < bytes) throw std::runtime_error(name + " is larger than expected");
    entries_.push_back(
        {name, type, {shape.begin(), shape.end()}, std::as_bytes(std::span(zeroes_)).first(bytes)});
  }

  std::string kind_;
  std::string packed_;
  std::vector<char> zeroes_ = std::vector<char>(size_t{600} << 20U);
  std::vector<base::SafetensorsEntry> entries_;
};

std::string text(double number) {
  return std::to_string(size(number));
}

void write_layer(const fs::path& file, const PublishedRate& rate) {
  const DecoderShape& s = rate.shape;
  ZeroModel model(rate.int4);
  const double q = s.heads * s.head_dim;
  model.vector("attn_norm", size(s.hidden));
  model.matrix("q_proj", q, s.hidden);
  model.matrix("k_proj", s.kv(), s.hidden);
  model.matrix("v_proj", s.kv(), s.hidden);
  model.matrix("o_proj", s.hidden, q);
  model.vector("mlp_norm", size(s.hidden));
  model.matrix("gate_proj", s.intermediate, s.hidden);
  model.matrix("up_proj", s.intermediate, s.hidden);
  model.matrix("down_proj", s.hidden, s.intermediate);
  model.vector("rope_inv_freq", size(s.head_dim / 2));
  std::string groups;
  for (const double slots : {rate.slots, 255.0, 1023.0, 2047.0}) {
    if (slots > 0)
      groups += (groups.empty() ? "" : ",") + ("{\"kind\":\"decode\",\"slots\":" + text(slots) + "}");
  }
  for (const double rows : {128.0, 64.0}) {
    for (const double history : {0.0, 512.0, 1024.0}) {
      groups += ",{\"kind\":\"prefill\",\"rows\":" + text(rows) + ",\"history\":" + text(history) + "}";
    }
  }
  model.write(file, softcard::kLayerProgram,
              "{\"hidden\":" + text(s.hidden) + ",\"heads\":" + text(s.heads) +
                  ",\"kv_heads\":" + text(s.kv_heads) + ",\"head_dim\":" + text(s.head_dim) +
                  ",\"intermediate\":" + text(s.intermediate) +
                  ",\"rms_eps\":1e-6,\"weights\":\"s8\",\"packed\":" + model.packed() +
                  ",\"qk_norm\":false,\"activation\":\"silu\",\"compiler\":"
                  "\"zeroes\",\"groups\":[" +
                  groups + "]}");
}

void write_head(const fs::path& file, const DecoderShape& s) {
  ZeroModel model(false);
  model.vector("norm", size(s.hidden));
  model.matrix("lm_head", s.vocabulary, s.hidden);
  model.write(file, softcard::kHeadProgram,
              "{\"hidden\":" + text(s.hidden) + ",\"vocab\":" + text(s.vocabulary) +
                  ",\"rms_eps\":1e-6,\"weights\":\"s8\",\"packed\":" + model.packed() +
                  ",\"compiler\":\"zeroes\"}");
}

/// One shape group of a model with buffers for everything.
class Group {
 public:
  Group(axcl::Card& card, axcl::Model& model, std::size_t group) : io_(model, group) {
    for (const auto& tensor : model.inputs()) {
      inputs_[tensor.name] = axcl::DeviceBuffer(card, tensor.bytes[group]);
      card.fill(inputs_[tensor.name].span(), 0);
      io_.bind_input(*model.input_index(tensor.name), inputs_[tensor.name].span());
    }
    for (const auto& tensor : model.outputs()) {
      outputs_[tensor.name] = axcl::DeviceBuffer(card, tensor.bytes[group]);
      card.fill(outputs_[tensor.name].span(), 0);
      io_.bind_output(*model.output_index(tensor.name), outputs_[tensor.name].span());
    }
  }
  axcl::DeviceSpan in(const std::string& name) const { return inputs_.at(name).span(); }
  axcl::DeviceSpan out(const std::string& name) const { return outputs_.at(name).span(); }
  void execute() { io_.execute(); }

 private:
  std::map<std::string, axcl::DeviceBuffer> inputs_;
  std::map<std::string, axcl::DeviceBuffer> outputs_;
  axcl::IoBinding io_;
};

/// The shape group of a layer with so many rows and slots of history.
std::size_t find_group(const axcl::Model& layer, double rows, double history) {
  const auto& mask = layer.inputs()[*layer.input_index("mask")];
  for (std::size_t group = 0; group < layer.group_count(); ++group) {
    const auto& dims = mask.dims[group];
    if (dims[1] == static_cast<std::int32_t>(rows) && dims[2] == static_cast<std::int32_t>(history + rows))
      return group;
  }
  throw std::runtime_error("no shape group of " + text(rows) + " rows after " + text(history));
}

/// One layer stands for all of them: the card takes the same time for each.
class Driver {
 public:
  Driver(axcl::Card& card, axcl::Model& layer, axcl::Model& head, const PublishedRate& rate)
      : card_(card),
        layer_(layer),
        head_(card, head, 0),
        rate_(rate),
        pinned_(card, kHostBytes),
        plain_(kHostBytes) {}

  /// Seconds, tokens per second: in the quantity's unit.
  double measure() {
    switch (rate_.quantity) {
      case Quantity::kDecode: {
        Group group(card_, layer_, find_group(layer_, 1, rate_.slots));
        return 1 / shortest([&] { token(group); });
      }
      case Quantity::kPrompt:
        return 1024 / shortest([&] { prompt(1024); });
      case Quantity::kFirstToken:
        return shortest([&] { prompt(kChunk); });
      case Quantity::kLayer: {
        Group group(card_, layer_, find_group(layer_, 1, rate_.slots == 2048 ? 2047 : rate_.slots));
        return shortest([&] { group.execute(); });
      }
      case Quantity::kHead:
        return shortest([&] { head_.execute(); });
      case Quantity::kChunkLayer: {
        Group group(card_, layer_, find_group(layer_, rate_.rows, rate_.slots));
        return shortest([&] { group.execute(); });
      }
      case Quantity::kLoad:
        break;
    }
    return 0;
  }

 private:
  static constexpr std::size_t kHostBytes = size_t{16} << 20U;

  /// The shortest of several: what the machine does besides only makes it longer.
  template <typename Work>
  static double shortest(Work&& work) {
    double seconds = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kRepeats; ++i) {
      const auto begin = Clock::now();
      work();
      seconds = std::min(seconds, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return seconds;
  }

  std::span<std::byte> host(std::size_t bytes) {
    return rate_.caller == Caller::kPython ? std::span(plain_).first(bytes) : pinned_.bytes().first(bytes);
  }
  void up(axcl::DeviceSpan target) { card_.upload(target, host(target.size)); }
  void down(axcl::DeviceSpan source) { card_.download(host(source.size), source); }

  void run_head() {
    up(head_.in("input"));
    head_.execute();
    down(head_.out("output"));
  }

  void token(Group& group) {
    const std::size_t layers = size(rate_.shape.layers);
    if (rate_.caller == Caller::kEngine) {
      up(group.in("input"));
      up(group.in("indices"));
      up(group.in("mask").subspan(0, 2));
      for (std::size_t i = 0; i < layers; ++i) group.execute();
      head_.execute();
      down(head_.out("output"));
      return;
    }
    for (std::size_t i = 0; i < layers; ++i) {
      up(group.in("indices"));
      up(group.in("mask"));
      if (rate_.caller == Caller::kPython) {
        up(group.in("K_cache"));
        up(group.in("V_cache"));
        up(group.in("input"));
      }
      group.execute();
      for (const char* name : {"K_cache_out", "V_cache_out", "output"}) {
        if (rate_.caller == Caller::kPython) {
          down(group.out(name));
        } else {
          const char* to = name[0] == 'K' ? "K_cache" : name[0] == 'V' ? "V_cache" : "input";
          card_.copy(group.in(to).subspan(0, group.out(name).size), group.out(name));
        }
      }
    }
    run_head();
  }

  void chunk(Group& group) {
    const bool vendor = rate_.caller == Caller::kVendor;
    if (!vendor) {
      for (const char* name : {"input", "indices", "mask"}) up(group.in(name));
    }
    for (std::size_t i = 0; i < size(rate_.shape.layers); ++i) {
      if (vendor) {
        for (const char* name : {"input", "indices", "mask"}) up(group.in(name));
      }
      group.execute();
      for (const char* name : {"K_cache_out", "V_cache_out"})
        card_.copy(cache(group.out(name).size), group.out(name));
      if (vendor) down(group.out("output"));
    }
  }

  axcl::DeviceSpan cache(std::size_t bytes) {
    if (cache_.size() < bytes) cache_ = axcl::DeviceBuffer(card_, bytes);
    return cache_.span().subspan(0, bytes);
  }

  void prompt(std::size_t tokens) {
    for (std::size_t cached = 0; cached < tokens; cached += kChunk) {
      const double history = history_for(static_cast<double>(cached));
      auto& group = chunks_[size(history)];
      if (!group) group = std::make_unique<Group>(card_, layer_, find_group(layer_, kChunk, history));
      chunk(*group);
    }
    run_head();
  }

  axcl::Card& card_;
  axcl::Model& layer_;
  Group head_;
  const PublishedRate& rate_;
  axcl::HostBuffer pinned_;
  std::vector<std::byte> plain_;
  axcl::DeviceBuffer cache_;
  std::map<std::size_t, std::unique_ptr<Group>> chunks_;
};

/// The software card's own switch, found in the library that is open already.
class Configuration {
 public:
  explicit Configuration(const fs::path& library) {
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (handle != nullptr)
      configure_ = reinterpret_cast<Function>(::dlsym(handle, "axllamaSoftcardConfigure"));
    if (configure_ == nullptr) throw std::runtime_error(library.string() + " is no software card");
  }
  void set(const std::string& profile) const {
    const std::string json = "{\"compute\":\"null\",\"quiet\":true,\"timing\":\"" + profile + "\"}";
    if (configure_(json.c_str()) != 0) throw std::runtime_error("the software card refused " + json);
  }

 private:
  using Function = std::int32_t (*)(const char*);
  Function configure_ = nullptr;
};

void run(const fs::path& library, const fs::path& folder) {
  axcl::RuntimeOptions options;
  options.library = library;
  options.allow_vendor = false;
  const auto runtime = axcl::Runtime::open(options);
  const Configuration configuration(runtime->library());
  axcl::Card card(runtime, 0);
  std::printf("| host | what | | published | predicted | measured here | error |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const PublishedRate& rate : published_rates()) {
    const double predicted = predict(rate, softcard::timing_profile(rate.profile));
    double measured = predicted;
    if (rate.quantity != Quantity::kLoad) {  // minutes, and no more than bytes over bandwidth
      configuration.set("native");
      write_layer(folder / "layer", rate);
      write_head(folder / "head", rate.shape);
      axcl::Model layer(card, folder / "layer");
      axcl::Model head(card, folder / "head");
      Driver driver(card, layer, head, rate);
      configuration.set(rate.profile);
      measured = driver.measure();
      configuration.set("native");
    }
    std::printf("%s %s | %s | %s | %s |\n", describe(rate).c_str(), format_rate(rate, rate.published).c_str(),
                format_rate(rate, predicted).c_str(),
                rate.quantity == Quantity::kLoad ? "-" : format_rate(rate, measured).c_str(),
                format_error(measured / rate.published - 1).c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = fs::temp_directory_path() / ("softcard_timing_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  int status = 0;
  try {
    run(argc > 1 ? fs::path(argv[1]) : fs::path(), folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "softcard_timing: %s\n", error.what());
    status = 1;
  }
  fs::remove_all(folder);
  return status;
}
