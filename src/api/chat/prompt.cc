#include "api/chat/prompt.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string_view>

#include "api/chat/tools.h"
#include "base/error.h"
#include "text/chat_template.h"

namespace axllama::api::chat {
namespace {

using text::ChatMessage;
using text::TokenId;

/// A text this many times the context's places is refused rather than cut: next to nothing of it would be
/// left, and an answer to that would be an answer to something else. (Tokens stand for a few bytes each.)
constexpr std::size_t kMostBytesPerPlace = 1024;

bool ends_with_tag(std::string_view prompt, std::string_view tag) {
  const auto last = prompt.find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && prompt.substr(0, last + 1).ends_with(tag);
}

/// Renders a conversation; a model that is not to think, and whose template cannot be told so, finds an empty
/// thought.
std::string render(const ChatRequest& request, std::vector<ChatMessage> messages) {
  const text::ChatTemplate& chat_template = request.model.package->chat_template();
  text::ChatTemplateInputs inputs;
  inputs.messages = std::move(messages);
  inputs.tools = request.tools;
  if (request.model.can_think()) {
    inputs.enable_thinking = request.think;
    if (!request.think_level.empty()) {
      // As Jinja templates of models call it, and as Modelfiles do.
      inputs.extra = {{"reasoning_effort", request.think_level}, {"ThinkLevel", request.think_level}};
    }
  }
  if (request.model.own_template) {
    return request.model.own_template->render(inputs);
  }
  std::string prompt = chat_template.render(inputs);
  if (request.model.can_think() && !request.think && !chat_template.can_switch_thinking()) {
    const text::ThinkingTags& tags = chat_template.thinking_tags();
    if (!ends_with_tag(prompt, tags.opening)) {
      prompt += tags.opening;
    }
    prompt += "\n\n" + tags.closing + "\n\n";
  }
  return prompt;
}

void set_text(const ChatRequest& request, std::string rendered, BuiltPrompt& prompt) {
  prompt.text = std::move(rendered);
  prompt.tokens = request.context;
  const std::vector<TokenId> tokens = request.model.package->tokenizer().encode(prompt.text);
  prompt.tokens.insert(prompt.tokens.end(), tokens.begin(), tokens.end());
}

void set_raw_text(const ChatRequest& request, BuiltPrompt& prompt) {
  const text::Tokenizer& tokenizer = request.model.package->tokenizer();
  set_text(request, *request.raw_prompt, prompt);
  if (request.context.empty() && (prompt.tokens.empty() || prompt.tokens.front() != tokenizer.bos())) {
    prompt.tokens = tokenizer.add_special_tokens(std::move(prompt.tokens));
  }
}

/// Where a shortened conversation may begin: at a message of the user, as templates expect, or at the last
/// message. (The result of a tool is nothing without its call.)
std::vector<std::size_t> possible_beginnings(const std::vector<ChatMessage>& messages) {
  std::vector<std::size_t> beginnings;
  bool first = true;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == "system") {
      continue;
    }
    const bool is_last = i + 1 == messages.size() && messages[i].role != "tool";
    if (!first && (messages[i].role == "user" || is_last)) {
      beginnings.push_back(i);
    }
    first = false;
  }
  return beginnings;
}

/// How many of the prompt's first tokens other conversations will begin with as well: those of the tools and
/// of the system's messages in front. Found by comparing with another conversation of these.
std::size_t shared_beginning(const ChatRequest& request, const std::vector<TokenId>& tokens) {
  std::vector<ChatMessage> other;
  const auto is_system = [](const ChatMessage& message) { return message.role == "system"; };
  std::copy_if(request.messages.begin(),
               std::find_if_not(request.messages.begin(), request.messages.end(), is_system),
               std::back_inserter(other), is_system);
  const bool same_front = !other.empty() || !request.tools.is_null();
  if (request.raw_prompt || !request.context.empty() || !same_front ||
      other.size() == request.messages.size()) {
    return 0;
  }
  const std::string& said = request.messages[other.size()].content;
  other.push_back({.role = "user", .content = said.starts_with('x') ? "y" : "x"});
  try {
    const std::vector<TokenId> others =
        request.model.package->tokenizer().encode(render(request, std::move(other)));
    const auto [end, ignored] = std::mismatch(tokens.begin(), tokens.end(), others.begin(), others.end());
    return static_cast<std::size_t>(end - tokens.begin());
  } catch (const base::Error&) {
    return 0;  // a template that does not take such a conversation
  }
}

std::vector<ChatMessage> beginning_at(const std::vector<ChatMessage>& messages, std::size_t begin) {
  std::vector<ChatMessage> kept;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (i >= begin || messages[i].role == "system") {
      kept.push_back(messages[i]);
    }
  }
  return kept;
}

/// Drops as few of the oldest messages as make the prompt fit; all but the last when nothing does.
void drop_oldest(const ChatRequest& request, std::size_t limit, BuiltPrompt& prompt) {
  const std::vector<std::size_t> beginnings = possible_beginnings(request.messages);
  if (beginnings.empty()) {
    return;
  }
  // The later the beginning, the shorter the prompt.
  std::size_t low = 0;
  std::size_t high = beginnings.size() - 1;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    set_text(request, render(request, beginning_at(request.messages, beginnings[middle])), prompt);
    if (prompt.tokens.size() <= limit) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  set_text(request, render(request, beginning_at(request.messages, beginnings[low])), prompt);
}

/// Places kept for the answer when a conversation is cut.
std::size_t answer_room(const ChatRequest& request, std::size_t limit) {
  const std::size_t most = std::max<std::size_t>(limit / 4, 1);
  if (!request.shift || request.options.num_predict == 0) {
    return 1;
  }
  return request.options.num_predict > 0
             ? std::min(static_cast<std::size_t>(request.options.num_predict), most)
             : std::max<std::size_t>(limit / 8, 1);
}

/// How many first tokens survive whatever is cut, at most half of the context: num_keep (negative: the whole
/// prompt) and the tokenizer's own beginning.
std::size_t kept_tokens(const ChatRequest& request, std::size_t prompt_tokens, std::size_t limit) {
  const std::size_t bos = request.model.package->tokenizer().adds_bos() ? 1 : 0;
  const int asked = request.options.num_keep;
  return std::min(asked < 0 ? prompt_tokens : static_cast<std::size_t>(asked) + bos, limit / 2);
}

/// Keeps the first tokens and the last ones, as Ollama's runner does with a prompt that is too long.
void drop_middle(const ChatRequest& request, std::size_t limit, std::vector<TokenId>& tokens) {
  const std::size_t keep = kept_tokens(request, tokens.size(), limit);
  const std::size_t wanted = std::min(limit - (limit - keep) / 2, limit - 1);
  const auto keep_end = tokens.begin() + static_cast<std::ptrdiff_t>(keep);
  const auto tail_begin = tokens.end() - static_cast<std::ptrdiff_t>(wanted - keep);
  tokens.erase(keep_end, tail_begin);
}

/// What cutting a conversation cannot drop: the system's messages and the last one; of other requests
/// everything.
std::size_t bytes_that_stay(const ChatRequest& request) {
  if (request.raw_prompt) {
    return request.raw_prompt->size();
  }
  std::size_t bytes = 0;
  for (const ChatMessage& message : request.messages) {
    const bool stays = message.role == "system" || &message == &request.messages.back();
    bytes += stays ? message.content.size() : 0;
  }
  return bytes;
}

[[noreturn]] void refuse_too_long(const std::string& lengths) {
  throw base::Error(
      base::ErrorCode::kInvalidArgument,
      "the prompt is longer than the context length currently available to the model; shorten the "
      "prompt, adjust the context length in settings, or use a model with a longer context length",
      lengths);
}

}  // namespace

BuiltPrompt build_prompt(const ChatRequest& request, std::size_t context_length) {
  BuiltPrompt prompt;
  prompt.context_limit = context_length;
  if (request.options.num_ctx) {
    prompt.context_limit = std::min(context_length, static_cast<std::size_t>(*request.options.num_ctx));
  }
  const std::size_t limit = prompt.context_limit;
  if (const std::size_t bytes = bytes_that_stay(request); bytes / kMostBytesPerPlace >= limit) {
    refuse_too_long(std::to_string(bytes) + " bytes, context " + std::to_string(limit));
  }
  if (request.raw_prompt) {
    set_raw_text(request, prompt);
  } else {
    set_text(request, render(request, request.messages), prompt);
    const std::size_t comfortable = limit - answer_room(request, limit);
    if (request.truncate && prompt.tokens.size() > comfortable) {
      drop_oldest(request, comfortable, prompt);
    }
    const std::string& opening = request.model.package->chat_template().thinking_tags().opening;
    prompt.inside_thinking = request.think && ends_with_tag(prompt.text, opening);
  }
  if (prompt.tokens.size() >= limit) {
    if (!request.truncate || !request.shift) {
      refuse_too_long(std::to_string(prompt.tokens.size()) + " tokens, context " + std::to_string(limit));
    }
    drop_middle(request, limit, prompt.tokens);
  }
  prompt.shared_tokens = shared_beginning(request, prompt.tokens);
  return prompt;
}

std::size_t count_prompt_tokens(const ChatRequest& request) {
  BuiltPrompt prompt;
  if (request.raw_prompt) {
    set_raw_text(request, prompt);
  } else {
    set_text(request, render(request, request.messages), prompt);
  }
  return prompt.tokens.size();
}

inference::GenerationRequest make_generation(const ChatRequest& request, const BuiltPrompt& prompt) {
  inference::GenerationRequest generation;
  generation.prompt = prompt.tokens;
  generation.sampling = request.options.sampling;
  generation.stop = request.options.stop;
  generation.max_tokens = request.options.num_predict;
  generation.longest_draft = request.options.draft_num_predict;
  generation.context_limit = prompt.context_limit;
  generation.context_shift = request.shift;
  generation.keep_tokens = kept_tokens(request, prompt.tokens.size(), prompt.context_limit);
  generation.pinned_prompt_tokens = prompt.shared_tokens;
  if (request.options.request_timeout) {
    generation.deadline = std::chrono::steady_clock::now() + *request.options.request_timeout;
  }
  generation.top_logprobs = request.top_logprobs;
  generation.constraint = request.format;
  if (request.format && request.think) {
    if (prompt.inside_thinking) {
      generation.constraint_after = request.model.package->chat_template().thinking_tags().closing;
    } else {
      generation.constraint = request.format_after_thoughts;
    }
  }
  generation.emit_special_tokens = has_special_markers(request);
  return generation;
}

}  // namespace axllama::api::chat
