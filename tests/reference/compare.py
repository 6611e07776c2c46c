#!/usr/bin/python3
"""Runs the engine and the numpy decoder on the same input and compares.

    compare.py tokens      greedy tokens of bf16 weights must be those of the reference
    compare.py perplexity  perplexity of s8 weights must be within 1 % of unrounded weights and arithmetic
    compare.py arithmetic  perplexity of integer arithmetic must be within 0.5 % of float arithmetic on the same weights
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy

import checkpoint
import decoder

# Runs the engine where this machine cannot by itself.
EMULATOR = os.environ.get("AXLLAMA_EMULATOR", "").split()
TOKENS = 64
PROMPTS = 50
WINDOW = 512  # tokens of held-out text evaluated together
TOLERANCE = 0.01  # of the perplexity
ARITHMETIC_TOLERANCE = 0.005
SHOWN = 20          # differences, at most
MOST_TIES = 5      # of 3,200 tokens


def run_engine(options, mode, *arguments, arithmetic="integer"):
    command = [*EMULATOR, options.engine, mode, "--library", options.library, "--package", options.package, *map(str, arguments)]
    environment = os.environ | {"AXLLAMA_SOFTCARD_ARITHMETIC": arithmetic}
    process = subprocess.run(command, stdout=subprocess.PIPE, check=False, env=environment)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return [json.loads(line) for line in process.stdout.splitlines()]


def bf16_step(x):
    """Distance from |x| to the next larger bf16."""
    return 2.0 ** (math.floor(math.log2(abs(x))) - 7) if x else 0.0


def compare_tokens(options):
    """Each token of the engine must be the reference's choice after the same tokens: then, token by token, greedy
    generation by the reference gives the same answer. The one freedom: where the two best logits are neighbours in bf16,
    the last bit of a float32 sum decides which of them is larger, and either is right; that must stay rare. (This decoder
    computing in numpy's float32 chooses 3 of 3,200 tokens otherwise than in float64; the engine has been seen at 2.)"""
    answers = run_engine(options, "tokens", "--input", Path(options.checkpoint) / "prompts.txt", "--count", TOKENS)
    if len(answers) < PROMPTS:
        sys.exit(f"{len(answers)} prompts are fewer than {PROMPTS}")
    model = decoder.Decoder(*checkpoint.read_checkpoint(options.checkpoint), borders=True)
    equal, ties, wrong = 0, 0, 0
    for number, answer in enumerate(answers):
        prompt, made = answer["prompt"], answer["tokens"]
        logits = model.forward(prompt + made[:-1])[len(prompt) - 1:]
        expected = numpy.argmax(logits, -1)
        different = [i for i in range(TOKENS) if i >= len(made) or made[i] != expected[i]]
        equal += not different
        for i in different:
            best, chosen = (logits[i][expected[i]], logits[i][made[i]]) if i < len(made) else (math.inf, 0.0)
            tie = best - chosen <= bf16_step(best)
            ties, wrong = ties + tie, wrong + (not tie)
            if ties + wrong <= SHOWN:
                print(f"prompt {number}, token {i}: engine {made[i:i + 1]} (logit {chosen}), "
                      f"reference {expected[i]} (logit {best}){', a tie' if tie else ''}")
    print(f"{equal} of {len(answers)} prompts x {TOKENS} tokens are equal; tokens that differ: "
          f"{ties} between neighbouring logits, {wrong} otherwise")
    return wrong == 0 and ties <= MOST_TIES


def evaluate(options, arithmetic="integer"):
    """Windows of held-out text, the number of tokens predicted in them, and the engine's perplexity."""
    heldout = Path(options.checkpoint) / "heldout.txt"
    windows = run_engine(options, "likelihood", "--input", heldout, "--window", WINDOW, arithmetic=arithmetic)
    count = sum(len(window["tokens"]) - 1 for window in windows)
    return windows, count, math.exp(sum(window["negative_log_likelihood"] for window in windows) / count)


def compare_perplexity(options):
    windows, count, actual = evaluate(options)
    model = decoder.Decoder(*checkpoint.read_checkpoint(options.checkpoint), borders=False)
    expected = math.exp(sum(model.negative_log_likelihood(window["tokens"]) for window in windows) / count)
    difference = actual / expected - 1
    print(f"perplexity of {count} held-out tokens: engine {actual:.4f}, exact {expected:.4f}, {difference:+.3%}")
    return abs(difference) <= TOLERANCE


def compare_arithmetic(options):
    _, count, integer = evaluate(options)
    _, _, floating = evaluate(options, arithmetic="float")
    difference = integer / floating - 1
    print(f"perplexity of {count} held-out tokens: integer {integer:.4f}, float {floating:.4f}, {difference:+.3%}")
    return integer != floating and abs(difference) <= ARITHMETIC_TOLERANCE


COMPARISONS = {"tokens": compare_tokens, "perplexity": compare_perplexity, "arithmetic": compare_arithmetic}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=sorted(COMPARISONS))
    for name in ("engine", "library", "checkpoint", "package"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    sys.exit(0 if COMPARISONS[options.what](options) else 1)


if __name__ == "__main__":
    main()
