// libFuzzer entry for what the command line reads: the input is what a server streams, and what a terminal
// sends. Lines are the same in whatever pieces they come, records are read or refused, and nothing that is
// typed or pasted reaches the terminal as a control.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/edit_buffer.h"
#include "cli/edit_view.h"
#include "cli/key_reader.h"
#include "cli/stream_record.h"
#include "http/line_splitter.h"

namespace {

using namespace axllama;

std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece) {
  std::vector<std::string> lines;
  http::LineSplitter splitter([&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  for (std::size_t at = 0; at < bytes.size(); at += piece) splitter.push(bytes.substr(at, piece));
  splitter.finish();
  return lines;
}

void read_records(std::string_view bytes) {
  const std::vector<std::string> lines = lines_of(bytes, bytes.size() + 1);
  if (lines != lines_of(bytes, 1) || lines != lines_of(bytes, 7)) std::abort();
  for (const std::string& line : lines) {
    try {
      static_cast<void>(cli::read_stream_record(line, "url"));
    } catch (const base::Error&) {
      // refused: as it should be
    }
  }
}

void type(std::string_view bytes) {
  cli::KeyReader reader;
  cli::EditBuffer buffer;
  for (const char byte : bytes) {
    const auto key = reader.push(byte);
    if (!key) continue;
    if (key->kind == cli::Key::Kind::kText) buffer.insert(key->text);
    if (key->kind == cli::Key::Kind::kLeft) buffer.move_word_left();
    if (key->kind == cli::Key::Kind::kControl) buffer.erase_to_end();
  }
  if (!base::is_valid_utf8(buffer.text()) || buffer.cursor() > buffer.characters().size()) std::abort();
  cli::EditView view;
  const std::string drawn =
      view.draw({.prompt = "> ", .continuation = ". ", .placeholder = "", .width = 20}, buffer);
  for (std::size_t at = 0; at < drawn.size(); ++at) {
    const auto c = static_cast<unsigned char>(drawn[at]);
    const bool own = c == '\r' || c == '\n' || (c == 0x1B && drawn.compare(at + 1, 1, "[") == 0);
    if (c < 0x20 && !own) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_records(bytes);
  type(bytes);
  return 0;
}
