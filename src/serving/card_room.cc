#include "serving/card_room.h"

#include "base/byte_size.h"

namespace axllama::serving {
namespace {

using base::human_bytes;

std::string name_of(const LoadedModel& model) {
  return model.model.name + (model.pinned ? " (pinned)" : "");
}

/// "it takes at least 4.2 GB, and 1.1 GB of 7.0 GB are free"; empty when nothing is known.
std::string numbers(const CardRoom& room) {
  std::string text;
  if (room.needed_bytes) {
    text = "it takes at least " + human_bytes(*room.needed_bytes);
  }
  if (room.free_bytes) {
    text += (text.empty() ? "" : ", and ") + human_bytes(*room.free_bytes) +
            (room.total_bytes ? " of " + human_bytes(*room.total_bytes) : "") + " are free";
  }
  return text;
}

/// "a:latest (pinned) takes 3.0 GB, the rest of the system 2.9 GB"; empty when nothing is known.
std::string takers(const CardRoom& room) {
  std::string text;
  std::uint64_t known = room.free_bytes.value_or(0);
  for (const LoadedModel& other : room.others) {
    known += other.card_bytes;
    text += (text.empty() ? "" : ", ") + name_of(other) + " takes " + human_bytes(other.card_bytes);
  }
  if (room.total_bytes && room.free_bytes && *room.total_bytes > known) {
    text += (text.empty() ? "Others take " : ", others ") + human_bytes(*room.total_bytes - known);
  }
  return text;
}

}  // namespace

base::Error no_room(const CardRoom& room, const std::string& reason) {
  std::string text = room.model + " does not fit on the card";
  if (const std::string known = numbers(room); !known.empty()) {
    text += ": " + known;
  }
  text += ".";
  if (const std::string taken = takers(room); !taken.empty()) {
    text += " " + taken + ".";
  }
  return {base::ErrorCode::kResourceExhausted, text + (reason.empty() ? "" : " " + reason)};
}

base::Error too_many_models(const CardRoom& room, std::size_t most) {
  std::string names;
  for (const LoadedModel& other : room.others) {
    names += (names.empty() ? "" : ", ") + name_of(other);
  }
  return {base::ErrorCode::kResourceExhausted, room.model + " is not loaded: at most " +
                                                   std::to_string(most) + (most == 1 ? " model" : " models") +
                                                   " may be on the card (OLLAMA_MAX_LOADED_MODELS), and " +
                                                   names + " cannot go."};
}

}  // namespace axllama::serving
