#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/api_client.h"
#include "cli/command.h"
#include "cli/status_display.h"
#include "store/blob_store.h"
#include "store/durable_file.h"
#include "store/modelfile.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using base::Error;
using base::ErrorCode;

constexpr std::uintmax_t kMostModelfileBytes = 16 * 1024 * 1024;

struct Options {
  std::string model;
  std::string modelfile = "Modelfile";
  std::string quantize;
  std::string draft_quantize;
  bool experimental = false;
};

/// The files a FROM line names: one, or all of a folder but hidden ones.
std::vector<fs::path> files_at(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(path), end; entry != end; ++entry) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty())
    throw Error(ErrorCode::kInvalidArgument, "the folder " + path.string() + " holds no files");
  return files;
}

/// Makes sure that the server has every file; their digests by path.
Json upload_files(ApiClient& client, const fs::path& path) {
  std::fprintf(stderr, "gathering model components\n");
  Json digests = Json::object();
  StatusDisplay display;
  for (const fs::path& file : files_at(path)) {
    const store::Digest digest = store::BlobStore::hash(file);
    const std::string name =
        fs::is_directory(path) ? file.lexically_relative(path).generic_string() : file.filename().string();
    const std::uint64_t size = fs::file_size(file);
    client.upload_blob(digest.text(), file, [&](std::uint64_t sent) {
      display.show({{"status", "copying file " + name},
                    {"digest", digest.text()},
                    {"total", size},
                    {"completed", sent}});
    });
    digests[name] = digest.text();
  }
  return digests;
}

Json request_of(const Options& options, const store::Modelfile& file) {
  Json request{{"model", options.model}};
  const store::ModelSettings& settings = file.settings;
  if (settings.chat_template) request["template"] = *settings.chat_template;
  if (settings.system) request["system"] = *settings.system;
  if (!settings.parameters.empty()) request["parameters"] = settings.parameters;
  if (!settings.licenses.empty()) request["license"] = settings.licenses;
  for (const store::PresetMessage& message : settings.messages) {
    Json element;
    element["role"] = message.role;
    element["content"] = message.content;
    request["messages"].push_back(std::move(element));
  }
  if (!settings.renderer.empty()) request["renderer"] = settings.renderer;
  if (!settings.parser.empty()) request["parser"] = settings.parser;
  if (!settings.requires_version.empty()) request["requires"] = settings.requires_version;
  if (!settings.draft.empty()) request["draft"] = settings.draft;
  if (!options.quantize.empty()) request["quantize"] = options.quantize;
  return request;
}

bool is_path(const std::string& from) {
  return from.starts_with('.') || from.starts_with('/') || from.starts_with("~/");
}

void refuse_what_cannot_be(const store::Modelfile& file) {
  if (file.from.size() > 1) {
    throw Error(ErrorCode::kUnsupported,
                "a model is made of one FROM line, not of " + std::to_string(file.from.size()));
  }
  if (!file.adapters.empty()) {
    throw Error(
        ErrorCode::kUnsupported,
        "ADAPTER: adapters cannot be added to a compiled model; merge the adapter into the checkpoint and "
        "compile that");
  }
  if (is_path(file.settings.draft)) {
    throw Error(ErrorCode::kUnsupported, "DRAFT takes the name of an installed model, not the path " +
                                             file.settings.draft + "; create a model of that first");
  }
}

/// What a FROM line means by a path: it counts from the Modelfile's folder, or from the user's.
fs::path source_of(const fs::path& modelfile, const std::string& from) {
  const char* home = std::getenv("HOME");
  if (from.starts_with("~/") && home != nullptr) return fs::path(home) / from.substr(2);
  return modelfile.parent_path() / from;
}

/// What the stock command line has besides, for other engines.
void check_foreign_options(const Options& options) {
  if (!options.draft_quantize.empty()) {
    throw Error(ErrorCode::kUnsupported,
                "--draft-quantize: a draft is a model of its own; quantize it when that one is created");
  }
  if (options.experimental) {
    std::fputs("Warning: --experimental changes nothing here: there is one way to make a model\n", stderr);
  }
}

void create(const Options& options) {
  check_foreign_options(options);
  const fs::path path = options.modelfile;
  const store::Modelfile file = store::parse_modelfile(store::read_file(path, kMostModelfileBytes));
  for (const std::string& warning : file.warnings) std::fprintf(stderr, "%s\n", warning.c_str());
  refuse_what_cannot_be(file);
  ApiClient client;
  Json request = request_of(options, file);
  const fs::path source = source_of(path, file.from.front());
  std::error_code error;
  if (fs::exists(source, error)) {
    request["files"] = upload_files(client, source);
  } else if (is_path(file.from.front())) {
    throw Error(ErrorCode::kNotFound, "FROM " + file.from.front() + ": there is no such file or folder");
  } else {
    request["from"] = file.from.front();
  }
  StatusDisplay display;
  client.stream("/api/create", request, [&display](const Json& record) {
    display.show(record);
    return true;
  });
}

}  // namespace

void add_create(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("create", "Make a model from a Modelfile");
  command->add_option("MODEL", options->model, "Name of the new model")->required();
  command->add_option("-f,--file", options->modelfile, "The Modelfile [Modelfile]");
  command->add_option("-q,--quantize", options->quantize,
                      "Weights to compile to when FROM names GGUF or safetensors (s8, bf16)");
  command->add_option("--draft-quantize", options->draft_quantize, "Refused: a draft is a model of its own");
  command->add_flag("--experimental", options->experimental, "Ollama's; changes nothing");
  command->callback([options] { create(*options); });
}

}  // namespace axllama::cli
