#include "cli/launch/launch_records.h"

#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"
#include "store/durable_file.h"
#include "store/sha256.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uintmax_t kLargestSettings = 64ULL * 1024 * 1024;

std::string digest_of(const std::string& text) {
  store::Sha256 sha;
  sha.update(text);
  return sha.hex();
}

/// Where the file really is, so that a link to it stays a link.
fs::path resolved(const fs::path& file) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(file, error);
  return error ? file : real;
}

mode_t mode_of(const fs::path& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : store::kPrivateFile;
}

void replace(const fs::path& file, const std::string& text) {
  const fs::path real = resolved(file);
  const mode_t mode = mode_of(real);
  store::replace_file(real, text, real.parent_path(), mode);
  ::chmod(real.c_str(), mode);  // what this process's umask has taken away
}

}  // namespace

std::string settings_text(const fs::path& file) {
  return fs::exists(file) ? store::read_file(file, kLargestSettings) : std::string();
}

LaunchRecords::LaunchRecords(fs::path folder) : folder_(std::move(folder)), records_(Json::object()) {
  const fs::path file = folder_ / "launch.json";
  const std::string text = settings_text(file);
  if (text.empty()) return;
  records_ = Json::parse(text, nullptr, false);
  if (!records_.is_object()) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      file.string() + " is not what `axllama launch` has written there; move it away");
  }
}

std::string LaunchRecords::model(const std::string& client) const {
  const auto found = records_.find(client);
  return found == records_.end() ? std::string() : found->value("model", "");
}

void LaunchRecords::remember_model(const std::string& client, const std::string& model) {
  records_[client]["model"] = model;
  save();
}

void LaunchRecords::write(const std::string& client, const fs::path& file, const std::string& text) {
  const std::string before = settings_text(file);
  Json& files = records_[client]["files"];
  if (!files.is_array()) files = Json::array();
  auto record = files.begin();
  while (record != files.end() && record->value("file", "") != file.string()) ++record;
  const bool ours = record != files.end() && record->value("written", "") == digest_of(before);
  if (!ours) {
    Json entry{{"file", file.string()}};
    if (fs::exists(file)) entry["backup"] = keep_copy(client, file, before).string();
    if (record != files.end()) {
      *record = std::move(entry);
    } else {
      files.push_back(std::move(entry));
      record = std::prev(files.end());
    }
  }
  // The record first: should the program end here, the file is not what it says, and so is nobody's to undo.
  (*record)["written"] = digest_of(text);
  save();
  replace(file, text);
}

std::vector<std::string> LaunchRecords::restore(const std::string& client) {
  std::vector<std::string> told;
  const auto found = records_.find(client);
  if (found == records_.end()) return told;
  Json kept = Json::array();
  for (const Json& record : found->value("files", Json::array())) {
    const fs::path file = record.value("file", "");
    const std::string backup = record.value("backup", "");
    if (!fs::exists(file)) {
      told.push_back(file.string() + " is not there any more");
    } else if (digest_of(settings_text(file)) != record.value("written", "")) {
      told.push_back(file.string() + " has been changed since and stays as it is" +
                     (backup.empty() ? "" : "; what it was before is in " + backup));
      kept.push_back(record);
    } else if (backup.empty()) {
      fs::remove(file);
      told.push_back(file.string() + " removed; there was none before");
    } else {
      replace(file, settings_text(backup));
      told.push_back(file.string() + " is what it was before");
    }
  }
  if (kept.empty()) {
    records_.erase(client);
  } else {
    records_[client] = Json{{"files", std::move(kept)}};
  }
  save();
  return told;
}

void LaunchRecords::save() const {
  store::replace_file(folder_ / "launch.json", records_.dump(2) + "\n", folder_, store::kPrivateFile);
}

fs::path LaunchRecords::keep_copy(const std::string& client, const fs::path& file,
                                  const std::string& text) const {
  const fs::path folder = folder_ / "backups";
  const std::string name = client + "-" + file.filename().string() + "-";
  int number = 1;
  while (fs::exists(folder / (name + std::to_string(number)))) ++number;
  const fs::path copy = folder / (name + std::to_string(number));
  store::replace_file(copy, text, folder, store::kPrivateFile);
  return copy;
}

}  // namespace axllama::cli
