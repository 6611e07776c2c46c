// libFuzzer entry for what the store reads: the input is a manifest and a Modelfile. Whatever comes, it is
// read or refused with a base::Error, and what was read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "store/manifest.h"
#include "store/model_name.h"
#include "store/modelfile.h"

namespace {

using namespace axllama;

void read_manifest(std::string_view text) {
  std::optional<store::Manifest> manifest;
  try {
    manifest = store::Manifest::parse(text);
  } catch (const base::Error&) {
    return;  // refused: as it should be
  }
  if (store::Manifest::parse(manifest->text()).text() != manifest->text()) std::abort();
  static_cast<void>(manifest->package_digest());
  static_cast<void>(manifest->total_bytes());
}

void read_modelfile(std::string_view text) {
  store::Modelfile file;
  try {
    file = store::parse_modelfile(text);
  } catch (const base::Error&) {
    return;
  }
  // Written once it is in a form that the grammar can write; then it stays as it is.
  const store::Modelfile again = store::parse_modelfile(store::print_modelfile(file));
  if (store::parse_modelfile(store::print_modelfile(again)) != again) std::abort();
}

void read_name(std::string_view text) {
  const auto name = store::ModelName::parse(text);
  if (name && !name->same_as(store::ModelName::require(name->full_text()))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_manifest(text);
  read_modelfile(text);
  read_name(text.substr(0, text.find('\n')));
  return 0;
}
