#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// What `axllama launch` has done, so that it can be undone: the model each client was given last, and the
/// client's files that were changed, each with a copy from before. Kept in a folder ("~/.axllama"):
/// launch.json and backups/, readable by their owner only, as settings may hold keys.
class LaunchRecords {
 public:
  /// Throws Error when the folder's record is there and cannot be read.
  explicit LaunchRecords(std::filesystem::path folder);

  /// Empty when the client was never launched.
  std::string model(const std::string& client) const;
  void remember_model(const std::string& client, const std::string& model);

  /// Gives a file of the client's another content, in one step; keeps its permissions, and follows links to
  /// it. A copy of what somebody else has written there is kept for ever.
  void write(const std::string& client, const std::filesystem::path& file, const std::string& text);

  /// Puts the client's files back to what they were before, and forgets its model. A file that somebody has
  /// changed since stays as it is. Returns a sentence for each file.
  std::vector<std::string> restore(const std::string& client);

 private:
  void save() const;
  std::filesystem::path keep_copy(const std::string& client, const std::filesystem::path& file,
                                  const std::string& text) const;

  std::filesystem::path folder_;
  nlohmann::ordered_json records_;  // {client: {"model", "files": [{"file", "backup"?, "written": SHA-256}]}}
};

/// A settings file's text; empty when there is none. Throws Error when it cannot be read.
std::string settings_text(const std::filesystem::path& file);

}  // namespace axllama::cli
