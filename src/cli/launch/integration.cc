#include "cli/launch/integration.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "cli/launch/plans.h"

namespace axllama::cli {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

}  // namespace

const std::vector<Integration>& integrations() {
  static const std::vector<Integration> kAll{
      {"claude",
       "Claude Code",
       {"claude-code"},
       "claude",
       {".local/bin/claude", ".claude/local/claude"},
       "https://code.claude.com/docs/en/quickstart",
       plan_claude},
      {"cline", "Cline", {}, "cline", {}, "npm install -g cline", plan_cline},
      {"codex", "Codex", {}, "codex", {}, "npm install -g @openai/codex", plan_codex},
      {"copilot",
       "Copilot CLI",
       {"copilot-cli"},
       "copilot",
       {".local/bin/copilot"},
       "https://github.com/features/copilot/cli/",
       plan_copilot},
      {"droid",
       "Droid",
       {},
       "droid",
       {".local/bin/droid"},
       "https://docs.factory.ai/cli/getting-started/quickstart",
       plan_droid},
      {"opencode",
       "OpenCode",
       {},
       "opencode",
       {".opencode/bin/opencode"},
       "https://opencode.ai",
       plan_opencode},
      {"pi", "Pi", {}, "pi", {}, "npm install -g @mariozechner/pi-coding-agent", plan_pi},
      {"qwen",
       "Qwen Code",
       {"qwen-code"},
       "qwen",
       {".local/bin/qwen"},
       "npm install -g @qwen-code/qwen-code",
       plan_qwen},
      {"vscode", "VS Code", {"code"}, "code", {}, "https://code.visualstudio.com", plan_vscode},
  };
  return kAll;
}

const Integration& integration_named(const std::string& name) {
  const std::string wanted = lower_case(name);
  std::string known;
  for (const Integration& each : integrations()) {
    const bool alias = std::find(each.aliases.begin(), each.aliases.end(), wanted) != each.aliases.end();
    if (each.name == wanted || alias) return each;
    known += (known.empty() ? "" : ", ") + each.name;
  }
  throw base::Error(base::ErrorCode::kNotFound,
                    "unknown integration '" + name + "'; there are " + known +
                        ". Other clients take the server's address by hand, with /v1 behind it where they "
                        "speak OpenAI's API");
}

std::filesystem::path installed_program(const Integration& integration, const std::filesystem::path& home) {
  namespace fs = std::filesystem;
  std::vector<fs::path> candidates;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty()) candidates.push_back(fs::path(folder) / integration.program);
  }
  for (const std::string& place : integration.places) candidates.push_back(home / place);
  for (const fs::path& candidate : candidates) {
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace axllama::cli
