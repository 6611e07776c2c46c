#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace axllama::cli {

/// How far a piece of work is.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // not 0
  std::uint64_t begun = 0;  // what had been done before, as of a download that is taken up again
  double seconds = 0;       // that the rest of `done` took
};

// What is counted is told by `counted`: "layers", or nothing for bytes. Lines are of Ollama's shape and leave
// the last of `columns` columns free; where those are few the label is cut, then the bar.

/// "pulling 7f4030143c1c:  43% ▕███████           ▏ 225 MB/522 MB   11 MB/s     26s"; things that are no
/// bytes have no rate, "loading:  43% ▕███████           ▏   12/28 layers               4s".
std::string progress_line(const std::string& label, const Progress& progress, std::string_view counted,
                          std::size_t columns);

/// The same once all is done, with the total alone: "pulling 7f4030143c1c: 100% ▕██████████████████▏ 522 MB".
std::string finished_line(const std::string& label, std::uint64_t total, std::string_view counted,
                          std::size_t columns);

/// "pulling manifest ⠋": for work of unknown length; each frame has another sign.
std::string spinner_line(const std::string& label, std::size_t frame, std::size_t columns);

}  // namespace axllama::cli
