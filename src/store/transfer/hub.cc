#include "store/transfer/hub.h"

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "http/url.h"
#include "store/json.h"
#include "store/manifest.h"
#include "store/transfer/range_request.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool is_layer(const std::string& path) {
  static const std::regex kLayer(R"(.*_l\d+(_together)?\.axmodel)");
  return std::regex_match(name_of(path), kLayer);
}

/// Configuration, tokenizer and weights; not programs, scripts, pictures and copies in other forms.
bool belongs_to_a_package(const std::string& path) {
  constexpr std::array<std::string_view, 6> kEndings{".axmodel", ".bin", ".json", ".txt", ".jinja", ".model"};
  const std::string name = name_of(path);
  if (name.starts_with('.') || path.starts_with('.')) return false;
  if (name.starts_with("LICENSE") || name.starts_with("COPYING")) return true;
  return name != "requirements.txt" && std::any_of(kEndings.begin(), kEndings.end(),
                                                   [&name](auto ending) { return name.ends_with(ending); });
}

bool names_another_chip(const std::string& folder) {
  static const std::regex kChips("ax6[23]0|ax615|ax637", std::regex::icase);
  return std::regex_search(folder, kChips);
}

std::string choose_folder(const std::set<std::string>& folders, const std::string& asked) {
  if (!asked.empty()) {
    if (folders.contains(asked)) return asked;
  } else {
    if (folders.contains("") || folders.size() == 1) return *folders.begin();
    std::vector<std::string> fitting;
    std::copy_if(folders.begin(), folders.end(), std::back_inserter(fitting),
                 [](const std::string& folder) { return !names_another_chip(folder); });
    if (fitting.size() == 1) return fitting.front();
  }
  std::string list;
  for (const std::string& folder : folders)
    list += (list.empty() ? "" : ", ") + (folder.empty() ? "." : folder);
  throw Error(ErrorCode::kInvalidArgument,
              (asked.empty() ? std::string("the repository holds several packages")
                             : "the repository has no package in the folder " + asked) +
                  ": " + list + "; name one of them in a catalogue (docs/models.md)");
}

RemoteFile parse_file(const Json& entry, const std::string& prefix) {
  RemoteFile file;
  file.name = entry.at("rfilename").get<std::string>();
  check_package_path(file.name);
  file.url = prefix + http::percent_encode_path(file.name);
  file.size = entry.value("size", std::uint64_t{0});
  const auto lfs = entry.find("lfs");
  if (lfs != entry.end() && lfs->is_object()) {
    file.digest = Digest::from_hex(lfs->at("sha256").get<std::string>());
    file.size = lfs->at("size").get<std::uint64_t>();
  } else {
    file.git_id = entry.at("blobId").get<std::string>();
    const bool formed =
        file.git_id.size() == 40 && file.git_id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!formed) throw Error(ErrorCode::kInvalidArgument, "\"" + file.git_id + "\" is no git id");
  }
  return file;
}

}  // namespace

HeaderFields HubAuthorization::headers() {
  if (token_.empty()) return {};
  return {{"Authorization", "Bearer " + token_}};
}

std::string HubAuthorization::advice() const {
  return token_.empty() ? "if the repository is private or gated, set HF_TOKEN to a token that may read it"
                        : "the token in HF_TOKEN may not read this repository";
}

HubRepository list_repository(const std::string& repository, const std::string& revision,
                              Authorization& authorization, const TransferOptions& options,
                              const std::atomic<bool>& cancelled) {
  http::Fetcher fetcher(options.fetch);
  const std::string path = http::percent_encode_path(repository);
  const std::string url = options.hub + "/api/models/" + path + "/revision/" +
                          http::percent_encode_path(revision) + "?blobs=true";
  const http::FetchResponse response =
      fetch_patiently(fetcher, {.url = url}, authorization, options, Contact::kFirst, cancelled);
  if (response.head.status != 200) throw_status(response, authorization);
  try {
    const Json listing = Json::parse(response.body);
    HubRepository found{.commit = listing.at("sha").get<std::string>(), .files = {}};
    const std::string prefix =
        options.hub + "/" + path + "/resolve/" + http::percent_encode_path(found.commit) + "/";
    for (const Json& entry : listing.at("siblings")) found.files.push_back(parse_file(entry, prefix));
    return found;
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kUnavailable, url + " does not answer as the hub does: " + error.what());
  }
}

std::map<std::string, RemoteFile> select_package(const HubRepository& repository, const std::string& folder) {
  std::set<std::string> folders;
  for (const RemoteFile& file : repository.files) {
    if (is_layer(file.name)) folders.insert(parent_of(file.name));
  }
  if (folders.empty()) return {};
  const std::string chosen = choose_folder(folders, folder);
  const std::string prefix = chosen.empty() ? "" : chosen + "/";
  const std::string beside = parent_of(chosen).empty() ? "" : parent_of(chosen) + "/";

  std::map<std::string, RemoteFile> package;
  std::map<std::string, RemoteFile> neighbours;
  for (const RemoteFile& file : repository.files) {
    if (!belongs_to_a_package(file.name)) continue;
    const std::string parent = parent_of(file.name);
    if (file.name.starts_with(prefix)) {
      const std::string path = file.name.substr(prefix.size());
      const bool other_package = parent != chosen && folders.contains(parent);
      if (!other_package) package.emplace(path, file);
      continue;
    }
    if (!file.name.starts_with(beside)) continue;
    const std::string path = file.name.substr(beside.size());
    const std::string top = path.substr(0, path.find('/'));
    const bool is_tokenizer = top.find("tokenizer") != std::string::npos;
    // A configuration outside may name files by other paths; without one they are found by their names.
    const bool is_plain = top == path && !path.ends_with(".axmodel") && path != "config.json";
    if (is_tokenizer || is_plain) neighbours.emplace(path, file);
  }
  package.merge(neighbours);
  return package;
}

}  // namespace axllama::store
