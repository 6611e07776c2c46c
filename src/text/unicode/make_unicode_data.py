"""Writes unicode_data.cc: character classes and canonical composition as the `tokenizers` library knows them.

    python3 -m venv venv && venv/bin/pip install unicodedata2==16.0.0 tokenizers==0.23.3
    venv/bin/python make_unicode_data.py > unicode_data.cc && clang-format -i unicode_data.cc

Models were trained on what `tokenizers` gives, so its Unicode versions count, not the newest: its regular expressions
follow Unicode 16, its Rust predicates Unicode 17 and its NFC an older version. The script takes the data from the
Unicode Character Database of unicodedata2 and leaves out of NFC what the library's NFC does not do. Debian's PCRE2 works
from Unicode 14, as does the unicodedata of Python 3.11, which must run this: for characters that have another category
there, the script finds stand-ins.
"""

import unicodedata as ucd14

import unicodedata2 as ucd
from tokenizers import normalizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)  # composed by arithmetic

LETTER, NUMBER, MARK, SPACE, WORD, NUMERIC, NEWER = 1, 2, 4, 8, 16, 32, 64
WHITE_SPACE = {*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F,
               0x3000}
# Alphabetic characters that are neither letters, numbers nor marks: circled and squared capitals.
ALPHABETIC_SYMBOLS = {*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A),
                      *range(0x1F170, 0x1F18A)}
NUMERIC_SINCE_17 = {*range(0x11DE0, 0x11DEA), *range(0x16FF4, 0x16FF7)}
JOIN_CONTROLS = {0x200C, 0x200D}


def class_of(c):
    category = ucd.category(chr(c))
    flags = {"L": LETTER, "N": NUMBER | NUMERIC, "M": MARK}.get(category[0], 0)
    if c in NUMERIC_SINCE_17:
        flags |= NUMERIC
    if c in WHITE_SPACE:
        flags |= SPACE
    if category[0] in "LM" or category in ("Nl", "Nd", "Pc") or c in ALPHABETIC_SYMBOLS or c in JOIN_CONTROLS:
        flags |= WORD
    if category != ucd14.category(chr(c)):
        flags |= NEWER
    return flags


def stand_ins():
    """(first, last, other): characters that Unicode 14 puts elsewhere, and one of the same category and length in UTF-8
    that it knows."""
    def kind(c):
        return ucd.category(chr(c)), len(chr(c).encode())

    known = {kind(c): c for c in SCALARS if ucd.category(chr(c)) == ucd14.category(chr(c))}
    return ranges(lambda c: known[kind(c)] if ucd.category(chr(c)) != ucd14.category(chr(c)) else 0)


def ranges(value_of):
    """(first, last, value) for each run of equal values other than 0."""
    result = []
    for c in SCALARS:
        value = value_of(c)
        if result and result[-1][2] == value and result[-1][1] == c - 1:
            result[-1][1] = c
        elif value:
            result.append([c, c, value])
    return result


def main():
    assert ucd.unidata_version == "16.0.0" and ucd14.unidata_version == "14.0.0"
    nfc = normalizers.NFC().normalize_str

    def combining_class(c):
        value = ucd.combining(chr(c))
        if value == 0:
            return 0
        # Two marks that sort around c show whether the library sorts it at all.
        text = "b" + "\u0345" + chr(c) + "\u0334"  # classes 240, c, 1
        return 0 if nfc(text) == text else value

    decompositions = []
    for c in SCALARS:
        mapping = ucd.decomposition(chr(c))
        if not mapping or mapping.startswith("<") or c in HANGUL:
            continue
        parts = [int(part, 16) for part in mapping.split()]
        full = ucd.normalize("NFD", chr(c))
        composed = len(parts) == 2 and ucd.normalize("NFC", full) == chr(c)
        if nfc(full) != ucd.normalize("NFC", full):
            continue  # newer than the library's data
        decompositions.append((c, parts[0], parts[1] if len(parts) == 2 else 0, composed))

    print("// Written by make_unicode_data.py from the Unicode Character Database 16.0; do not edit.")
    print('#include "text/unicode/unicode_data.h"\n\nnamespace axllama::text {\n')
    print("constexpr ClassRange kClasses[] = {")
    for first, last, value in ranges(class_of):
        print(f"{{0x{first:X}, 0x{last:X}, {value}}},")
    print("};\n\nconstexpr ClassRange kCombining[] = {")
    for first, last, value in ranges(combining_class):
        print(f"{{0x{first:X}, 0x{last:X}, {value}}},")
    print("};\n\nconstexpr Decomposition kDecompositionTable[] = {")
    for c, first, second, composed in decompositions:
        print(f"{{0x{c:X}, 0x{first:X}, 0x{second:X}, {'true' if composed else 'false'}}},")
    print("};\n\nconstexpr StandIn kStandInTable[] = {")
    for first, last, other in stand_ins():
        print(f"{{0x{first:X}, 0x{last:X}, 0x{other:X}}},")
    print("};\n")
    print("const std::span<const ClassRange> kCharacterClasses = kClasses;")
    print("const std::span<const ClassRange> kCombiningClasses = kCombining;")
    print("const std::span<const Decomposition> kDecompositions = kDecompositionTable;")
    print("const std::span<const StandIn> kStandIns = kStandInTable;")
    print("\n}  // namespace axllama::text")


if __name__ == "__main__":
    main()
