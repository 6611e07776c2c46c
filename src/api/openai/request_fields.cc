#include "api/openai/request_fields.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

constexpr std::size_t kMostStopBytes = 64 * 1024;  // of all stop strings together

std::vector<std::string> parse_stop(const Json& stop) {
  std::vector<std::string> strings;
  if (stop.is_string()) {
    strings.push_back(stop.get<std::string>());
  } else if (stop.is_array()) {
    for (const Json& element : stop) {
      if (element.is_string()) {
        strings.push_back(element.get<std::string>());
      }
    }
  } else {
    refuse_request("the field \"stop\" must be a string or an array of strings, not " +
                   std::string(json_kind(stop)));
  }
  std::size_t bytes = 0;
  for (const std::string& text : strings) {
    bytes += text.size();
  }
  if (bytes > kMostStopBytes) {
    refuse_request("the stop strings take " + std::to_string(bytes) + " bytes; at most " +
                   std::to_string(kMostStopBytes) + " are allowed");
  }
  return strings;
}

}  // namespace

void open_asked(chat::ChatRequest& request, const JsonFields& fields, const store::Library& library) {
  request.asked_name = fields.string("model");
  if (request.asked_name.empty()) {
    refuse_request("model is required");
  }
  request.model = chat::open_model(library, request.asked_name);
  request.options = chat::default_options(request.model);
}

void set_sampling(chat::ChatRequest& request, const JsonFields& fields) {
  inference::SamplingOptions& sampling = request.options.sampling;
  sampling.temperature = std::max(fields.number("temperature").value_or(1.0), 0.0);
  sampling.top_p = fields.number("top_p").value_or(1.0);
  sampling.frequency_penalty = fields.number("frequency_penalty").value_or(sampling.frequency_penalty);
  sampling.presence_penalty = fields.number("presence_penalty").value_or(sampling.presence_penalty);
  if (const auto seed = fields.integer("seed"); seed && *seed >= 0) {
    sampling.seed = static_cast<std::uint64_t>(*seed);
  }
  if (const Json* stop = fields.find("stop")) {
    request.options.stop = parse_stop(*stop);
  }
}

void set_token_limit(chat::ChatRequest& request, const JsonFields& fields,
                     const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const auto limit = fields.integer(name)) {
      constexpr std::int64_t kMost = std::numeric_limits<int>::max();
      request.options.num_predict = static_cast<int>(std::clamp<std::int64_t>(*limit, -1, kMost));
      return;
    }
  }
}

std::string parse_reasoning(const JsonFields& fields) {
  std::string effort;
  if (const Json* reasoning = fields.object("reasoning")) {
    effort = fields.inside("reasoning", *reasoning).string("effort");
  }
  if (effort.empty()) {
    effort = fields.string("reasoning_effort");
  }
  return effort.empty() ? effort : chat::parse_effort(effort);
}

void set_reasoning(chat::ChatRequest& request, const std::string& effort) {
  const std::optional<bool> asked = effort.empty() ? std::nullopt : std::optional(effort != "none");
  chat::set_thinking(request, asked, effort);
}

bool wants_usage(const JsonFields& fields) {
  const Json* options = fields.object("stream_options");
  return options != nullptr && fields.inside("stream_options", *options).boolean("include_usage", false);
}

std::size_t parse_answer_count(const JsonFields& fields, std::size_t prompts) {
  const std::int64_t count = fields.integer("n").value_or(1);
  if (count < 1 || static_cast<std::uint64_t>(count) > kMostAnswers / std::max<std::size_t>(prompts, 1)) {
    refuse_request("this request asks for " + std::to_string(count) + " answers to " +
                   std::to_string(prompts) + " prompts; between 1 and " + std::to_string(kMostAnswers) +
                   " answers are allowed in all");
  }
  return static_cast<std::size_t>(count);
}

void check_image_url(const std::string& url) {
  if (url.starts_with("http://") || url.starts_with("https://")) {
    refuse_request("image URLs are not currently supported, please use base64 encoded data instead");
  }
  constexpr std::array<std::string_view, 5> kTypes{"image/jpeg", "image/jpg", "image/png", "image/webp", ""};
  const bool known = std::any_of(kTypes.begin(), kTypes.end(), [&](std::string_view type) {
    return url.starts_with("data:" + std::string(type) + ";base64,");
  });
  if (!known) {
    refuse_request("invalid image input");
  }
}

Json parse_arguments(const std::string& text) {
  if (text.empty()) {
    return Json::object();
  }
  try {
    return parse_json_body(text);
  } catch (const base::Error& error) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "invalid tool call arguments", error.message());
  }
}

}  // namespace axllama::api::openai
