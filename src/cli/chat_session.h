#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// What a conversation with a model is set to, and the conversation itself. Pure data; the REPL edits it,
/// /api/chat gets it.
struct ChatSession {
  std::string model;
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  std::optional<nlohmann::ordered_json> format;  // "json" or a JSON schema
  std::optional<std::string> keep_alive;
  std::optional<nlohmann::ordered_json> think;  // true, false or a level; unset: the model's default
  bool verbose = false;
  bool hide_thinking = false;
  bool word_wrap = true;

  /// Replaces the system message (an empty text removes it).
  void set_system(const std::string& text);
  std::string system() const;
  /// Forgets the conversation but keeps the system message.
  void clear();
  /// `images`: an array of base64 texts, or empty.
  void add(const std::string& role, const std::string& content,
           nlohmann::ordered_json images = nlohmann::ordered_json::array());

  /// Body of POST /api/chat for the conversation as it stands.
  nlohmann::ordered_json chat_request() const;
  /// Body of POST /api/generate for one prompt with the same settings.
  nlohmann::ordered_json generate_request(const std::string& prompt, nlohmann::ordered_json images) const;
  /// Body of POST /api/generate that loads the model as the conversation will use it, and asks nothing.
  nlohmann::ordered_json load_request() const;
  /// Body of POST /api/create that keeps the settings and the conversation as a model of its own.
  nlohmann::ordered_json create_request(const std::string& name) const;

 private:
  void put_settings(nlohmann::ordered_json& request) const;
};

/// Sets a model parameter from the words of "/set parameter NAME VALUE...": the parameters are those of
/// Modelfiles. Throws Error (kInvalidArgument) with a sentence for an unknown name or a value of the wrong
/// type. Returns the value as shown to the user.
std::string set_parameter(nlohmann::ordered_json& options, const std::string& name,
                          const std::vector<std::string>& values);

}  // namespace axllama::cli
