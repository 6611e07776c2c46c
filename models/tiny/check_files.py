#!/usr/bin/python3
"""The checks of the bundled model's files that need no package: how large they are, and that nothing held out is trained.

check_files.py [N]     looks at N training exercises of each kind of shard; exits 1 at the first difference
"""

import json
import sys
from pathlib import Path

import corpus

HERE = Path(__file__).resolve().parent
MOST_BYTES = 12_000_000
NOT_COMMITTED = {".cache", "__pycache__"}
EXERCISES = 12_000


def expect(condition, sentence):
    if not condition:
        sys.exit(f"check failed: {sentence}")


def check_size():
    files = [path for path in HERE.rglob("*") if path.is_file() and not NOT_COMMITTED.intersection(path.parts)]
    size = sum(path.stat().st_size for path in files)
    expect(size <= MOST_BYTES, f"the model's folder has {size:,} bytes, more than {MOST_BYTES:,}")
    print(f"size: {len(files)} files of {size:,} bytes, at most {MOST_BYTES:,}")


def conversation(messages):
    return json.dumps([m for m in messages if m["role"] != "system"])


def shown(sample, mode):
    """What the model is asked in an exercise, in the form of check_held_out."""
    if sample.parts:
        return sample.parts[0][0]
    return sample.raw[0] if mode == "raw" else conversation(sample.messages)


def check_held_out(exercises=EXERCISES):
    with open(HERE / "eval.jsonl", encoding="utf-8") as file:
        asked = {row["prompt"] if "prompt" in row else conversation(row["messages"]) for row in map(json.loads, file)}
    expect(len(asked) > 500, f"eval.jsonl asks only {len(asked)} different questions")
    trained = 0
    for shard in (0, corpus.DRILL_SHARDS):
        for sample, mode, _ in corpus.exercises(shard, exercises, shares=corpus.training_shares(shard)):
            question = shown(sample, mode)
            expect(question not in asked or sample.plain, f"{question} is held out and trained")
            trained += 1
    print(f"held out: none of {len(asked)} prompts is among {trained} training exercises")


if __name__ == "__main__":
    check_size()
    check_held_out(int(sys.argv[1]) if len(sys.argv) > 1 else EXERCISES)
