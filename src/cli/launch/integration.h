#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// The server and the model that a client is to use.
struct LaunchTarget {
  std::string server;         // "http://127.0.0.1:11434"
  std::string model;          // as the user named it
  std::uint64_t context = 0;  // tokens; 0: not known
  bool thinking = false;
  bool vision = false;
  std::filesystem::path home;
};

/// A JSON file of the client's that has to say something.
struct SettingsEdit {
  std::filesystem::path file;
  /// Changes the settings in place, null when there are none. Keeps all else; throws Error (kInvalidArgument)
  /// when what is there has another form.
  std::function<void(nlohmann::ordered_json&)> change;
};

/// How a client is made to use the target. Where it can be told by arguments and variables, its files stay as
/// they are.
struct LaunchPlan {
  std::vector<std::string> arguments = {};  // in front of the user's
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::vector<std::string> unset = {};  // variables that would lead it elsewhere
  std::vector<SettingsEdit> edits = {};
};

/// A program that `axllama launch` knows.
struct Integration {
  std::string name;
  std::string title;
  std::vector<std::string> aliases;
  std::string program;
  std::vector<std::string> places;  // below the home folder, where its installer puts it when not on PATH
  std::string advice;               // how it is installed
  LaunchPlan (*plan)(const LaunchTarget&);
};

const std::vector<Integration>& integrations();

/// By name or alias, in any case. Throws Error (kNotFound) with the names there are.
const Integration& integration_named(const std::string& name);

/// The program on PATH or where its installer puts it; empty when there is none.
std::filesystem::path installed_program(const Integration& integration, const std::filesystem::path& home);

}  // namespace axllama::cli
