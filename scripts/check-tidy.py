#!/usr/bin/python3
"""Runs clang-tidy over the product's sources (not the tests) as the dev build compiles them: several at once, since most of its
time goes into the headers that they share. Warnings of the compiler are GCC's business: clang's own are off."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "dev"
PRODUCT = (ROOT / "src", ROOT / "softcard")


def is_product(source: pathlib.Path) -> bool:
    return (any(source.is_relative_to(top) for top in PRODUCT) and source.suffix == ".cc"
            and not source.stem.endswith("_test") and "testing" not in source.parts)


def units():
    """The translation units of the product, each once, whichever targets it is part of."""
    commands = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    found = {}
    for source in (pathlib.Path(command["file"]) for command in commands):
        if source.parent.name == "together":
            found[source.read_text(encoding="utf-8")] = source
        elif is_product(source):
            found[source] = source
    return found.values()


def findings(unit: pathlib.Path) -> str:
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", BUILD, "--extra-arg=-w", unit], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return "" if done.returncode == 0 else done.stdout or f"clang-tidy failed on {unit}\n"


def main() -> int:
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = "".join(pool.map(findings, units()))
    print(found or "clang-tidy: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
