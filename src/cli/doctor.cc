#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/command.h"
#include "cli/model_folder.h"
#include "cli/terminal.h"
#include "doctor/card_checks.h"
#include "doctor/host_checks.h"
#include "model/package.h"

namespace axllama::cli {
namespace {

using doctor::Finding;
using doctor::Status;

struct DoctorOptions {
  std::string model;
  bool json = false;
  bool no_card = false;
};

/// On the software card the bundled model serves; a card of its own runs only models made for it.
constexpr const char* kBundledModel = "axllama-tiny";

/// The first layer of the model to test with. Without a model named, whether there is one is not worth an
/// error.
std::optional<std::filesystem::path> layer_to_test(const DoctorOptions& options, bool card_on_the_bus) {
  if (options.model.empty() && card_on_the_bus) return std::nullopt;
  try {
    const auto folder = find_model_folder(options.model.empty() ? kBundledModel : options.model);
    return model::Package::open(folder)->files().layers.front();
  } catch (const base::Error&) {
    if (!options.model.empty()) throw;
    return std::nullopt;
  }
}

std::vector<Finding> examine(const DoctorOptions& options) {
  const doctor::HostView host;
  std::vector<Finding> findings = doctor::check_host(host);
  if (options.no_card) return findings;
  // Rules are broken on purpose; the software card need not complain about it.
  ::setenv("AXLLAMA_SOFTCARD_QUIET", "1", 1);
  const bool card_on_the_bus = !doctor::cards_on_the_bus(host).empty();
  doctor::CardCheckOptions card;
  card.card_on_the_bus = card_on_the_bus;
  card.layer = layer_to_test(options, card_on_the_bus);
  for (Finding& finding : doctor::check_cards(card)) {
    findings.push_back(std::move(finding));
  }
  return findings;
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json item{
        {"check", finding.check}, {"status", doctor::status_name(finding.status)}, {"text", finding.text}};
    if (!finding.mend.empty()) item["mend"] = finding.mend;
    list.push_back(std::move(item));
  }
  const nlohmann::ordered_json report{{"healthy", doctor::healthy(findings)}, {"findings", std::move(list)}};
  std::printf("%s\n", report.dump(2).c_str());
}

const char* colour(Status status) {
  switch (status) {
    case Status::kOk:
      return "\x1b[32m";
    case Status::kNote:
      return "\x1b[2m";
    case Status::kWarning:
      return "\x1b[33m";
    case Status::kFailed:
      return "\x1b[31m";
  }
  return "";
}

void print_text(const std::vector<Finding>& findings) {
  const bool colours = colours_allowed();
  for (const Finding& finding : findings) {
    std::printf("%s%-7s%s  %s: %s\n", colours ? colour(finding.status) : "",
                std::string(doctor::status_name(finding.status)).c_str(), colours ? "\x1b[0m" : "",
                finding.check.c_str(), finding.text.c_str());
    if (!finding.mend.empty()) std::printf("         -> %s\n", finding.mend.c_str());
  }
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "Check host and card, and say how to mend what is wrong");
  command->add_option(
      "--model", options->model,
      "Model whose first layer the card is tested with [the bundled one on the software card]");
  command->add_flag("--json", options->json, "Print a JSON object");
  command->add_flag("--no-card", options->no_card, "Look at the host only, and leave the card alone");
  command->footer("Exit status: 0 when nothing failed, 1 otherwise.");
  command->callback([options] {
    const std::vector<Finding> findings = examine(*options);
    options->json ? print_json(findings) : print_text(findings);
    if (!doctor::healthy(findings)) throw CLI::RuntimeError(1);
  });
}

}  // namespace axllama::cli
