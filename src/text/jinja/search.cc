#include "text/jinja/search.h"

#include <cstring>

#include "text/jinja/unicode.h"

namespace axllama::text::jinja {

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) {
    return std::string_view::npos;
  }
  if (part.empty()) {
    return from;
  }
  // glibc's memmem is linear in the worst case; std::string_view::find is not.
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_last_text(std::string_view text, std::string_view part) {
  if (part.size() > text.size()) {
    return std::string_view::npos;
  }
  const std::string reversed_text(text.rbegin(), text.rend());
  const std::string reversed_part(part.rbegin(), part.rend());
  const std::size_t found = find_text(reversed_text, reversed_part);
  return found == std::string_view::npos ? found : text.size() - part.size() - found;
}

std::size_t count_text(std::string_view text, std::string_view part) {
  if (part.empty()) {
    return count_code_points(text) + 1;
  }
  std::size_t count = 0;
  for (std::size_t at = find_text(text, part); at != std::string_view::npos;
       at = find_text(text, part, at + part.size())) {
    ++count;
  }
  return count;
}

std::size_t replaced_size(std::string_view text, std::string_view part, std::string_view by,
                          std::ptrdiff_t most) {
  std::size_t count = count_text(text, part);
  if (most >= 0 && count > static_cast<std::size_t>(most)) {
    count = static_cast<std::size_t>(most);
  }
  return text.size() - count * part.size() + count * by.size();
}

std::string replace_text(std::string_view text, std::string_view part, std::string_view by,
                         std::ptrdiff_t most) {
  std::string out;
  std::size_t done = 0;  // bytes of `text` already copied
  if (part.empty()) {
    for (; most != 0; --most) {
      out += by;
      if (done == text.size()) {
        break;
      }
      const std::size_t bytes = decode_code_point(text, done).bytes;
      out += text.substr(done, bytes);
      done += bytes;
    }
  } else {
    for (; most != 0; --most) {
      const std::size_t at = find_text(text, part, done);
      if (at == std::string_view::npos) {
        break;
      }
      out += text.substr(done, at - done);
      out += by;
      done = at + part.size();
    }
  }
  return out += text.substr(done);
}

}  // namespace axllama::text::jinja
