#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "axcl/runtime.h"
#include "inference/engine_options.h"
#include "inference/kv_tier.h"
#include "serving/backend.h"
#include "serving/card_trust.h"

namespace axllama::serving {

/// How engines are made on a card.
struct AxclBackendOptions {
  axcl::RuntimeOptions runtime;
  std::size_t card_index = 0;
  TrustOptions trust = {};
  inference::EngineOptions engine = {};  // but for what the next two say
  std::optional<bool> asynchronous =
      {};  // how the card is given work; unset: as its self-test has found right
  std::optional<bool> speculation =
      {};  // whether tokens are guessed; unset: where chunks are known to give the rows of decoding
  inference::KvTierFactory kv_tiers = {};  // empty: conversations are kept on the card only
  /// What calls cost, by package and card, where what is not known is measured before the first answer if
  /// cards are checked (`trust`); empty: not kept, and not measured then.
  std::filesystem::path cost_records = {};
};

/// Opens a card of the AXCL runtime. A model is loaded only on a card that passed its self-test, and served
/// only when its canary says what it should.
BackendFactory axcl_backend(AxclBackendOptions options);

}  // namespace axllama::serving
