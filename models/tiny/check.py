#!/usr/bin/python3
"""Checks of the bundled model's files: template against renderer, tokenizer, checkpoint, and those of check_files.py.

Needs python3-torch and python3-jinja2. Exits 1 at the first difference.
"""

import json
import random
from pathlib import Path

import jinja2
import jinja2.ext

import bpe
import chat_format
import check_files
import corpus
import model
import safetensors_io
from check_files import expect

HERE = Path(__file__).resolve().parent


def template():
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string((HERE / "chat_template.jinja").read_text(encoding="utf-8"))


def conversations():
    """Messages and tools of the corpus, and some that only other clients send."""
    for sample, _, _ in corpus.exercises("check", 1500):
        if sample.messages:
            yield sample.messages, sample.tools
            yield sample.messages + [
                {
                    "role": "assistant",
                    "content": sample.answer,
                    "reasoning_content": sample.think,
                    "tool_calls": [{"type": "function", "function": c} for c in sample.calls],
                }
            ], sample.tools
    user, call = {"role": "user", "content": "Hi"}, {"name": "f", "arguments": {"x": 'é"\n', "y": [1, None, True]}}
    yield [user, {"role": "assistant", "content": "<think>\nwell\n</think>\n\nYes"}, user], None
    yield [user, {"role": "assistant", "content": "<think>\nwell\n</think>\n\nYes"}], None
    yield [user, {"role": "system", "content": "Be brief"}, user], None
    yield [
        user,
        {"role": "assistant", "content": "Both:", "tool_calls": [call, call]},
        {"role": "tool", "content": "1"},
        {"role": "tool", "content": "2"},
        {"role": "assistant", "content": "3"},
        user,
    ], [{"name": "f"}]
    yield [
        user,
        {"role": "assistant", "content": None, "tool_calls": [{"name": "g", "arguments": "{}"}]},
        {"role": "tool", "content": "1"},
    ], None
    yield [{"role": "user", "content": "<tool_response>\n1\n</tool_response>"}], None


def check_template():
    compiled, count = template(), 0
    for messages, tools in conversations():
        for enable in (None, True, False):
            for prompt in (True, False):
                arguments = {} if enable is None else {"enable_thinking": enable}
                want = compiled.render(messages=messages, tools=tools, add_generation_prompt=prompt, **arguments)
                got = chat_format.render(messages, tools, enable, prompt)
                expect(want == got, f"the template renders\n{want!r}\nand chat_format\n{got!r}")
                count += 1
    print(f"template: {count} renderings agree")


def check_tokenizer():
    tokenizer = bpe.Tokenizer.load(HERE / "tokenizer.json")
    expect(
        len(tokenizer.vocab) + len(tokenizer.special) == model.CONFIG["vocab_size"],
        "vocabulary and model differ in size",
    )
    count = 0
    for sample, mode, rng in corpus.exercises("check", 1500):
        parts = corpus.spans(rng, sample, mode)
        ids, _ = corpus.encode(tokenizer, parts)
        text = "".join(t for t, _ in parts)
        expect(tokenizer.decode(ids) == text, f"{text!r} is not decoded to itself")
        if mode != "raw":
            expect(tokenizer.encode(text) == ids, f"{text!r}: encoded in parts and as a whole differ")
        count += 1
    rng = random.Random("unicode")
    for _ in range(300):
        text = "".join(
            chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x4E00, 0x5000), rng.randrange(0x1F600, 0x1F640)]))
            for _ in range(rng.randrange(40))
        )
        expect(tokenizer.decode(tokenizer.encode(text)) == text, f"{text!r} is not decoded to itself")
    print(f"tokenizer: {count} exercises and 300 random strings come back unchanged")


def check_checkpoint():
    tensors = safetensors_io.load_bf16(HERE / "model.safetensors")
    expect(
        {k: tuple(v.shape) for k, v in tensors.items()} == model.parameter_shapes(model.CONFIG),
        "tensors and config.json differ",
    )
    print(f"checkpoint: {len(tensors)} tensors, {sum(v.numel() for v in tensors.values()):,} parameters")


if __name__ == "__main__":
    check_template()
    check_tokenizer()
    check_files.check_held_out()
    check_files.check_size()
    check_checkpoint()
