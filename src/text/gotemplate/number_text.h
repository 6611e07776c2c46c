#pragma once

#include <charconv>
#include <string>

namespace axllama::text::gotemplate {

// Floats as Go writes them. The formats are those of std::to_chars; `precision` must be at most 1000.
std::string float_characters(double value, std::chars_format format);
std::string float_characters(double value, std::chars_format format, int precision);
/// The decimal exponent of the shortest text; 0 for zero.
int decimal_exponent(double value);
/// %g without a precision: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
std::string shortest_float(double value);
/// "NaN", "+Inf" or "-Inf".
std::string special_float(double value, bool plus);

}  // namespace axllama::text::gotemplate
