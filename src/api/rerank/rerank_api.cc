#include "api/rerank/rerank_api.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/answers.h"
#include "api/embedding/embed.h"
#include "api/embedding/evaluations.h"
#include "api/request_body.h"
#include "api/rerank/judge_prompt.h"
#include "api/rerank/rerank_request.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::rerank {
namespace {

using CorePointer = std::shared_ptr<chat::Core>;
using http::Awaitable;
using http::Request;
using http::ResponseWriter;

struct Scores {
  std::vector<double> by_document;
  std::size_t prompt_tokens = 0;
};

/// A reranker is asked about each document.
void add_prompts(const RerankRequest& asked, std::size_t context, embedding::EvaluationPlan& plan) {
  const model::Package& package = *asked.model.package;
  const model::JudgeTokens judge = package.judge_tokens().value();
  const JudgePrompts prompts(package.tokenizer(), asked.instruction, asked.query, context);
  plan.model = asked.model.reference();
  for (const std::string& document : asked.documents) {
    inference::GenerationRequest& text = plan.texts.emplace_back();
    text.prompt = prompts.prompt(document);
    text.pinned_prompt_tokens = std::min(prompts.shared_tokens(), text.prompt.size());
    text.readout.emplace().logits_of = {judge.yes, judge.no};
  }
}

Awaitable<void> judge(chat::Core& core, const RerankRequest& asked, const Request& request, Scores& scores) {
  std::size_t context = 0;
  std::chrono::nanoseconds load_time{0};
  const std::optional<serving::KeepAlive> keep_alive;
  co_await chat::find_context(core, asked.model, keep_alive, context, load_time);
  embedding::EvaluationPlan plan;
  std::function<void()> build = [&] { add_prompts(asked, context, plan); };
  co_await core.background.run(build);
  embedding::Evaluations evaluations;
  co_await embedding::evaluate_all(core, plan, request, evaluations);
  for (const std::vector<float>& logits : evaluations.readouts) {
    scores.by_document.push_back(probability_of_yes(logits.at(0), logits.at(1)));
  }
  scores.prompt_tokens = evaluations.prompt_tokens;
}

embedding::EmbeddingRequest texts_of(const RerankRequest& asked) {
  embedding::EmbeddingRequest texts;
  texts.asked_name = asked.asked_name;
  texts.model = asked.model;
  texts.inputs.push_back({asked.query, {}});
  for (const std::string& document : asked.documents) {
    texts.inputs.push_back({document, {}});
  }
  return texts;
}

/// An embedding model's vectors of query and document are compared.
Awaitable<void> compare(chat::Core& core, const RerankRequest& asked, const Request& request,
                        Scores& scores) {
  const embedding::EmbeddingRequest texts = texts_of(asked);
  embedding::EmbeddingResult result;
  co_await embedding::embed(core, texts, request, result);
  for (std::size_t i = 1; i < result.vectors.size(); ++i) {
    scores.by_document.push_back(embedding::cosine(result.vectors.front(), result.vectors[i]));
  }
  scores.prompt_tokens = result.prompt_tokens;
}

std::string render(const RerankRequest& asked, const Scores& scores) {
  std::vector<std::size_t> order(scores.by_document.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scores.by_document[a] > scores.by_document[b];
  });
  if (asked.top_n > 0) {
    order.resize(std::min(order.size(), asked.top_n));
  }
  Json reply;
  reply["model"] = asked.asked_name;
  for (const std::size_t index : order) {
    Json result;
    result["index"] = index;
    result["relevance_score"] = scores.by_document[index];
    if (asked.return_documents) {
      result["document"]["text"] = asked.documents[index];
    }
    reply["results"].push_back(std::move(result));
  }
  reply["usage"]["prompt_tokens"] = scores.prompt_tokens;
  reply["usage"]["total_tokens"] = scores.prompt_tokens;
  return to_json(reply);
}

Awaitable<void> answer(CorePointer core, Request& request, ResponseWriter& response) {
  RerankRequest asked;
  std::function<void()> parse = [&] { asked = parse_rerank_request(take_json_body(request), core->library); };
  co_await core->background.run(parse);
  Scores scores;
  if (asked.model.package->purpose() == model::Purpose::kReranking) {
    co_await judge(*core, asked, request, scores);
  } else {
    co_await compare(*core, asked, request, scores);
  }
  const std::string body = render(asked, scores);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

void add_rerank_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) {
  for (const char* path : {"/v1/rerank", "/rerank"}) {
    router.add("POST", path, [core](Request& request, ResponseWriter& response) {
      return answer(core, request, response);
    });
  }
}

}  // namespace axllama::api::rerank
