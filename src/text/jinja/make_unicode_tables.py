#!/usr/bin/python3
"""Writes unicode_tables.inc from Python's own character data, which the template language is defined by.

Usage: /usr/bin/python3 make_unicode_tables.py > unicode_tables.inc
"""

import unicodedata

LAST = 0x110000
FLAGS = [
    lambda c: c.isalpha(),
    lambda c: c.isdecimal(),
    lambda c: c.isdigit(),
    lambda c: c.isnumeric(),
    lambda c: c.isupper(),
    lambda c: c.islower(),
    lambda c: c.istitle() and not c.isupper(),
    lambda c: c.isspace(),
    lambda c: c.isprintable(),
    lambda c: c.isidentifier(),
    lambda c: ("a" + c).isidentifier(),
]


def flags_of(code):
    c = chr(code)
    return sum(1 << bit for bit, test in enumerate(FLAGS) if test(c))


def rows(items, per_row):
    for start in range(0, len(items), per_row):
        yield "    " + " ".join(items[start : start + per_row])


def print_array(declaration, items, per_row):
    print(declaration + " = {")
    for row in rows(items, per_row):
        print(row)
    print("};\n")


def mapping_runs(pairs):
    """[(first, last, stride, delta)] covering the (code, mapped) pairs."""
    runs = []
    for code, mapped in pairs:
        delta = mapped - code
        if runs:
            first, last, stride, run_delta = runs[-1]
            step = code - last
            if run_delta == delta and step <= 2 and (first == last or step == stride):
                runs[-1] = (first, code, step, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs


def main():
    print(f"// Made by make_unicode_tables.py from Unicode {unicodedata.unidata_version}; do not edit.")
    print("// clang-format off\n")
    runs = []
    previous = None
    for code in range(LAST):
        flags = flags_of(code)
        if flags != previous:
            runs.append(f"{{{code:#x},{flags:#x}}},")
            previous = flags
    print_array("constexpr FlagRun kFlagRuns[]", runs, 8)

    simple = {"Upper": [], "Lower": []}
    special = {"Upper": [], "Lower": [], "Title": []}
    for code in range(LAST):
        c = chr(code)
        for name, mapped in (("Upper", c.upper()), ("Lower", c.lower())):
            if mapped == c:
                continue
            if len(mapped) == 1:
                simple[name].append((code, ord(mapped)))
            else:
                special[name].append((code, mapped))
        if c.title() != c.upper():
            special["Title"].append((code, c.title()))
    for name, pairs in simple.items():
        items = [f"{{{a:#x},{b:#x},{s},{d}}}," for a, b, s, d in mapping_runs(pairs)]
        print_array(f"constexpr CaseRun k{name}Runs[]", items, 6)
    for name, pairs in special.items():
        items = []
        for code, mapped in pairs:
            points = [f"{ord(c):#x}" for c in mapped] + ["0"] * (3 - len(mapped))
            items.append(f"{{{code:#x},{{{','.join(points)}}}}},")
        print_array(f"constexpr CaseSpecial k{name}Specials[]", items, 4)
    print("// clang-format on")


main()
