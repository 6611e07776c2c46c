#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "axcl/card.h"
#include "inference/engine.h"
#include "model/package.h"

namespace axllama::serving {

/// What a card was seen to do rightly, of what it need not be able to do.
struct CardAbilities {
  bool asynchronous = false;          // what it is given in a stream
  bool chunks_equal_decodes = false;  // rows of chunks are those of decoding, byte for byte
  std::string chunks = {};            // what is known of that, in a sentence
};

struct TrustOptions {
  bool enabled = true;
  std::filesystem::path records;  // canaries of packages that bring none; empty: those are not kept
};

/// Decides whether what a card computes may be served: the card's self-test before a model is loaded, the
/// model's canary after it. Both are skipped on a software card that computes nothing or replays a script.
/// Lane thread only.
class CardTrust {
 public:
  CardTrust(axcl::Card& card, TrustOptions options) : card_(card), options_(std::move(options)) {}

  /// With the package's first layer; once per process for a runtime, device and layer. Throws Error (kDevice)
  /// naming the check that failed, and what loading a layer throws. Where nothing was tested nothing is
  /// known, but for a software card that computes nothing or replays a script: that gives the same in any
  /// way.
  CardAbilities check_card(const model::Package& package);

  /// Compares with the record in the package, or in `records`; makes one there when there is none. Throws
  /// Error (kInternal) saying what is wrong.
  void check_model(inference::Engine& engine);

 private:
  axcl::Card& card_;
  TrustOptions options_;
};

/// Where the record of a package is kept that brings none: its name tells the package's files by their names,
/// sizes and times.
std::filesystem::path canary_record_file(const std::filesystem::path& records, const model::Package& package);

}  // namespace axllama::serving
