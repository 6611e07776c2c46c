#pragma once

#include <string>
#include <string_view>

namespace axllama::text {

/// `text` in Unicode Normalization Form C (Unicode Standard Annex 15); `text` must be valid UTF-8. The data
/// is that of the reference implementation (see make_unicode_data.py): marks that are newer stay where they
/// are. Time is O(n log m) with m the longest run of combining marks.
std::string to_nfc(std::string_view text);

/// `text` in Normalization Form D: canonical decomposition and ordering.
std::string to_nfd(std::string_view text);

}  // namespace axllama::text
