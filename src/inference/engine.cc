#include "inference/engine.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "inference/engine_impl.h"
#include "inference/generation_loop.h"

namespace axllama::inference {

using base::Error;
using base::ErrorCode;

void Engine::Impl::require_idle() const {
  if (*generating) {
    throw Error(ErrorCode::kInternal,
                "The engine of " + runner.package().files().name + " is generating already.");
  }
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::load(axcl::Card& card, std::shared_ptr<const model::Package> package,
                                     const LoadProgress& progress) {
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(card, std::move(package), progress)));
}

const model::Package& Engine::package() const noexcept {
  return impl_->runner.package();
}

const model::LayerShapes& Engine::shapes() const noexcept {
  return impl_->runner.shapes();
}

std::size_t Engine::context_length() const noexcept {
  return impl_->runner.shapes().context;
}

std::uint64_t Engine::card_bytes() const noexcept {
  return impl_->runner.card_bytes();
}

std::unique_ptr<Engine::Generation> Engine::start(GenerationRequest request) {
  impl_->require_idle();
  check_request(request, impl_->runner.vocabulary(), context_length());
  auto loop =
      std::make_unique<GenerationLoop>(impl_->runner, std::move(request), impl_->runner.tokenizer(),
                                       context_length(), [busy = impl_->generating] { *busy = false; });
  *impl_->generating = true;
  return loop;
}

void Engine::reset_cache() {
  impl_->require_idle();
  impl_->runner.cache().forget(false);
}

void Engine::evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink) {
  impl_->require_idle();
  if (tokens.size() > context_length()) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(tokens.size()) +
                                                 " tokens are longer than the context of " +
                                                 std::to_string(context_length()) + ".");
  }
  impl_->runner.evaluate(tokens, sink);
}

}  // namespace axllama::inference
