#!/usr/bin/python3
"""Asks the held-out questions of eval.jsonl and prints the accuracy per skill.

    eval.py [--url http://127.0.0.1:11434] [--model NAME]    asks a running Axllama (POST /api/generate, raw, temperature 0)
    eval.py --torch [--s8]                                   asks the checkpoint in this folder through torch

A line of eval.jsonl has "skill", then "prompt" (plain completion) or "messages", "think" (bool) and perhaps "tools",
then "check" and "expected" (see checks.py). Exits 1 if a required skill is below 95 %, 2 if the server cannot be asked.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import chat_format
import checks

HERE = Path(__file__).resolve().parent
WELL_FORMED = (
    "well-formed tool calls"  # of the answers to the skill "tool call", which asks for the very call that is wanted
)
REQUIRED = {"sum": 0.95, "capital": 0.95, WELL_FORMED: 0.95}
LIMIT = 400  # tokens of an answer
REFERENCE = [
    ("What is 2+2?", "4"),
    ("The capital of France is", "Paris"),
    ("Write a haiku about artificial intelligence:", "\n"),
    ("Hello!", "help you"),
]


def through_server(url, name):
    def answer(prompt):
        body = {
            "model": name,
            "prompt": prompt,
            "raw": True,
            "stream": False,
            "options": {"temperature": 0, "num_predict": LIMIT},
        }
        request = urllib.request.Request(
            url + "/api/generate", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            record = json.load(reply)
        return record["response"], record.get("done_reason") == "stop"

    return answer


def through_torch(s8, threads):
    import torch

    import bpe
    import generate
    import model
    import safetensors_io

    torch.set_num_threads(threads)
    weights = {k: v.float() for k, v in safetensors_io.load_bf16(HERE / "model.safetensors").items()}
    if s8:
        weights = generate.fake_quantise(weights)
    tokenizer = bpe.Tokenizer.load(HERE / "tokenizer.json")
    return lambda prompt: generate.greedy(model.CONFIG, weights, tokenizer, prompt, LIMIT)


def rows():
    with open(HERE / "eval.jsonl", encoding="utf-8") as file:
        yield from map(json.loads, file)
    for prompt, expected in REFERENCE:
        for think in (False, True):
            yield {
                "skill": "reference prompts",
                "messages": [{"role": "user", "content": prompt}],
                "think": think,
                "check": "contains",
                "expected": expected,
            }
        yield {"skill": "reference prompts", "prompt": prompt, "check": "contains", "expected": expected}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--torch", action="store_true", help="no server: compute with torch")
    parser.add_argument(
        "--s8", action="store_true", help="with --torch: round the projections to 8 bits per output row"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skill", help="only this skill")
    parser.add_argument("--wrong", action="store_true", help="print every wrong answer")
    options = parser.parse_args()
    answer = (
        through_torch(options.s8, options.threads)
        if options.torch
        else through_server(options.url.rstrip("/"), options.model)
    )
    chosen = [r for r in rows() if options.skill in (None, r["skill"])]
    right, asked, formed = {}, {}, [0, 0]
    for number, row in enumerate(chosen, 1):
        skill = row["skill"]
        prompt = (
            row["prompt"] if "prompt" in row else chat_format.render(row["messages"], row.get("tools"), row["think"])
        )
        try:
            text, finished = answer(prompt)
        except urllib.error.HTTPError as error:
            print(
                f"{options.url} answered {error.code} to {prompt[:60]!r}: {error.read().decode(errors='replace')[:300]}",
                file=sys.stderr,
            )
            return 2
        except (OSError, ValueError, KeyError) as error:
            print(f"Cannot ask {options.url}: {error}", file=sys.stderr)
            return 2
        good = checks.judge(row["check"], row["expected"], text, finished)
        asked[skill] = asked.get(skill, 0) + 1
        right[skill] = right.get(skill, 0) + good
        if row["check"] == "calls":
            formed[0] += finished and checks.well_formed(text, row["tools"])
            formed[1] += 1
        if options.wrong and not good:
            print(
                f"\r{skill}: {prompt[-160:]!r}\n  answered {text!r}{'' if finished else ' (no end)'}\n  expected {row['expected']!r}"
            )
        if sys.stderr.isatty():
            print(f"\r{number}/{len(chosen)}", end="", file=sys.stderr, flush=True)
    total = [sum(right.values()), sum(asked.values())]
    table = {skill: (right[skill], count) for skill, count in asked.items()}
    if formed[1]:
        table[WELL_FORMED] = tuple(formed)
    table["all"] = tuple(total)
    print(f"\n{'skill':24} {'right':>9} {'share':>8}")
    failed = []
    for skill, (good, count) in table.items():
        share = good / max(count, 1)
        print(f"{skill:24} {good:>4}/{count:<4} {share:8.1%}" + (" (required)" if skill in REQUIRED else ""))
        if share < REQUIRED.get(skill, 0):
            failed.append(skill)
    if failed:
        print(f"Below the required share: {', '.join(failed)}")
    return 1 if failed or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
