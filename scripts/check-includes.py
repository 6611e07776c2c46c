#!/usr/bin/python3
"""Checks the include rule of docs/design.md: each room includes only the rooms it may. Prints every offending line."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALWAYS = {"base", "telemetry"}
ALLOWED = {
    "base": set(),
    "axcl": set(),
    "text": set(),
    "model": {"text"},
    "inference": {"axcl", "model", "text"},
    "serving": {"inference", "model", "axcl", "text"},
    "store": {"http", "model", "text"},
    "http": set(),
    "api": {"http", "serving", "store", "text", "inference", "model"},
    "telemetry": set(),
    "doctor": {"axcl"},
    "compiler": {"model", "text", "softcard/format.h", "softcard/weights"},
    "cli": {"axcl", "text", "model", "inference", "serving", "store", "http", "api", "doctor", "compiler",
            "softcard/format.h"},
    "softcard": {"softcard"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SOURCE_SUFFIXES = {".h", ".cc", ".inc"}


def room_of(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "softcard" if parts[0] == "softcard" else parts[1]


def offences(path: pathlib.Path):
    room = room_of(path)
    # Tests may use the support code of tests/.
    allowed = ALLOWED[room] | {room} | (ALWAYS if room != "softcard" else {"base"})
    if path.stem.endswith("_test") or "testing" in path.parts:
        allowed = allowed | {"tests"}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if not any(target == entry or target.startswith(entry + "/") for entry in allowed):
            yield f"{path.relative_to(ROOT)}:{number}: {room} may not include \"{target}\""


def main() -> int:
    found = []
    unknown = [p.name for p in (ROOT / "src").iterdir() if p.is_dir() and p.name not in ALLOWED]
    found += [f"src/{name}: a room that the include rule does not know" for name in unknown]
    for top in ("src", "softcard"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and room_of(path) in ALLOWED:
                found += offences(path)
    print("\n".join(found) if found else "include rule: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
