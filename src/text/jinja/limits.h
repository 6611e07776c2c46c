#pragma once

#include <cstddef>
#include <cstdint>

namespace axllama::text::jinja {

/// What one template and one rendering may use. Templates come with downloaded models and are not trusted:
/// each limit ends the rendering with an error that names it.
struct Limits {
  std::size_t max_source_bytes = std::size_t{4} << 20U;
  std::size_t max_output_bytes = std::size_t{16} << 20U;
  /// Strings, lists and other values alive at one time. Strings count until they are dropped, containers
  /// until the end.
  std::size_t max_memory_bytes = std::size_t{256} << 20U;
  /// Evaluated nodes, loop rounds, copied values, and 1 per 64 bytes of text handled: a few seconds at most.
  std::uint64_t max_steps = 40'000'000;
  /// Nesting of statements and expressions within the template's text.
  int max_nesting = 150;
  /// Nesting while rendering, macro calls and recursive loops included.
  int max_depth = 1200;
  /// Nesting of lists and dicts, for inputs and for what a template builds and then compares or prints.
  int max_data_depth = 200;
};

}  // namespace axllama::text::jinja
