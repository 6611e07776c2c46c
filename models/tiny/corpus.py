#!/usr/bin/python3
"""The training corpus and the held-out files, made by a program: no downloads, fixed seeds.

corpus.py show [N]     prints N exercises as the model sees them
corpus.py heldout      writes eval.jsonl, heldout.txt and prompts.txt (never seen in training)
"""

import json
import random
import sys
from pathlib import Path

import chat_format
from skills import drills, knowledge, language, memory, reading, toolbox
from skills.sample import held_out

HERE = Path(__file__).resolve().parent
MAX_TOKENS = 2048
# Maker of exercises -> how often it is chosen.
SKILLS = {
    knowledge.sum_small: 9,
    knowledge.sum_large: 3,
    knowledge.sum_three: 1,
    knowledge.difference: 3,
    knowledge.product: 2.5,
    knowledge.comparison: 2,
    knowledge.numbers: 2,
    knowledge.capital: 8,
    knowledge.country_of: 2,
    knowledge.colour: 2.5,
    knowledge.calendar: 4,
    knowledge.word_facts: 3,
    language.greeting: 4,
    language.identity: 3,
    language.persona: 2.5,
    language.haiku: 4,
    language.story: 2.5,
    language.plain_story: 1,
    language.make_list: 4,
    language.unknown: 2,
    reading.question_answer: 8,
    reading.copy: 7,
    reading.edit: 6,
    reading.code_edit: 3,
    reading.to_json: 5,
    toolbox.tool_call: 8,
    toolbox.no_tool: 2,
    toolbox.tool_result: 2.5,
    memory.memory: 4,
    memory.statement: 0.5,
    memory.back_reference: 1.5,
    memory.long_memory: 0.5,
}
# What training sees: the same skills in other shares, and drills, which become rare after the first DRILL_SHARDS shards.
TRAINING = {
    **SKILLS,
    toolbox.tool_call: 3,
    toolbox.tool_result: 1,
    toolbox.no_tool: 1.5,
    memory.long_memory: 0.25,
    language.story: 1.2,
    language.haiku: 2.5,
    knowledge.capital: 6,
    language.greeting: 3,
    language.unknown: 1,
    knowledge.sum_small: 10,
}
DRILLS = {
    drills.copy_drill: 24,
    drills.lookup_drill: 12,
    drills.sum_drill: 10,
    drills.reading_drill: 6,
    drills.tool_drill: 5,
}
DRILL_SHARDS = 6
LATER = {
    drills.sum_drill: 10,
    drills.tool_drill: 5,
    knowledge.sum_small: 18,
    knowledge.sum_large: 6,
    reading.edit: 12,
    reading.to_json: 9,
    reading.code_edit: 4,
    language.make_list: 6,
    toolbox.tool_call: 12,
    toolbox.no_tool: 3.5,
    toolbox.tool_result: 2,
    knowledge.calendar: 6,
}
SYSTEM_PROMPTS = [
    "You are a helpful assistant.",
    "You are Axllama.",
    "You are a friendly assistant. Answer briefly.",
    "Answer in English.",
    "Be brief.",
    "You are a helpful assistant. Answer the questions of the user.",
    "You are an AI assistant.",
    "Be kind and helpful.",
]


def key(sample):
    """The text that decides whether an exercise is held out: the last thing the user says."""
    if sample.plain:
        return sample.raw[0] + sample.raw[1]
    return next(m["content"] for m in reversed(sample.messages) if m["role"] == "user")


def training_shares(shard):
    """Which exercises a shard holds: drills first, later more of what is learned slowly."""
    if shard < DRILL_SHARDS:
        return {**TRAINING, **DRILLS}
    drills_left = {maker: share * 0.35 for maker, share in DRILLS.items()}
    return {**TRAINING, **drills_left, **LATER}


def make(rng, maker, want_held_out):
    for _ in range(5000):
        sample = maker(rng)
        if sample.parts:
            return sample
        # Exercises with few different last questions are held out by the whole conversation.
        text = key(sample) if len(sample.messages) < 3 else json.dumps(sample.messages)
        if held_out(text) == want_held_out:
            return sample
    raise ValueError(f"{maker.__name__} does not make enough different exercises")


def with_system(rng, sample):
    if rng.random() < 0.3 and sample.messages and sample.messages[0]["role"] != "system":
        sample.messages = [{"role": "system", "content": rng.choice(SYSTEM_PROMPTS)}] + sample.messages
    return sample


def spans(rng, sample, mode):
    """[(text, learn)] of one exercise; learn is "all", "rest" (all but the first token) or "no".

    mode: "raw", "think" or "no think". Past answers are learned too, except for their first token: after the
    assistant's opening a new answer starts with <think>, a past one does not.
    """
    if sample.parts:
        return sample.parts
    if mode == "raw":
        prompt, completion = sample.raw
        if not completion[0].isspace() and prompt and not sample.plain or not prompt:
            pass
        elif completion.startswith(" ") and rng.random() < 0.06 and not sample.plain:
            prompt, completion = prompt + " ", completion[1:]
        return [(prompt, "all" if sample.plain else "no"), (completion + "<|endoftext|>", "all")]
    thinking = mode == "think"
    enable = False if not thinking else rng.choice([None, True])
    parts = [
        (text, "rest" if past else "no") for text, past in chat_format.segments(sample.messages, sample.tools, enable)
    ]
    return parts + [(chat_format.answer_text(sample, thinking), "all")]


def choose_mode(rng, sample):
    if sample.plain or sample.parts:
        return "raw"
    if sample.raw and not sample.tools and len(sample.messages) == 1 and rng.random() < 0.25:
        return "raw"
    return "think" if rng.random() < 0.4 else "no think"


def encode(tokenizer, parts):
    """Token ids and, for each, whether it is to be learned."""
    ids, learn, pending = [], [], ""
    for text, mode in parts + [("", "end")]:
        if mode == "no":
            pending += text
            continue
        new = tokenizer.encode(pending)
        ids, learn, pending = ids + new, learn + [False] * len(new), ""
        new = tokenizer.encode(text)
        ids += new
        learn += [not (mode == "rest" and i == 0) for i in range(len(new))]
    return ids, learn


def exercises(seed, count, want_held_out=False, shares=None):
    """count (exercise, mode) pairs."""
    rng = random.Random(f"exercises {seed}")
    shares = shares or SKILLS
    makers, weights = list(shares), list(shares.values())
    for _ in range(count):
        sample = make(rng, rng.choices(makers, weights)[0], want_held_out)
        mode = choose_mode(rng, sample)
        if mode != "raw":
            with_system(rng, sample)
        yield sample, mode, rng


def encoded(tokenizer, shard, count):
    """(ids, learn) of the count exercises of one shard; the rare one that is too long is left out."""
    for sample, mode, rng in exercises(shard, count, shares=training_shares(shard)):
        ids, learn = encode(tokenizer, spans(rng, sample, mode))
        if len(ids) <= MAX_TOKENS:
            yield ids, learn


def sample_text(seed, count, want_held_out=False):
    for sample, mode, rng in exercises(seed, count, want_held_out):
        yield "".join(text for text, _ in spans(rng, sample, mode))


EVAL_PLAN = [
    (knowledge.sum_small, 60),
    (knowledge.capital, 50),
    (toolbox.tool_call, 50),
    (knowledge.sum_large, 24),
    (knowledge.difference, 20),
    (knowledge.product, 16),
    (knowledge.comparison, 16),
    (knowledge.numbers, 16),
    (knowledge.country_of, 12),
    (knowledge.colour, 12),
    (knowledge.calendar, 20),
    (knowledge.word_facts, 12),
    (language.greeting, 12),
    (language.persona, 12),
    (language.haiku, 12),
    (language.story, 12),
    (language.make_list, 16),
    (language.unknown, 12),
    (reading.question_answer, 30),
    (reading.copy, 20),
    (reading.edit, 24),
    (reading.code_edit, 12),
    (reading.to_json, 24),
    (toolbox.no_tool, 20),
    (toolbox.tool_result, 20),
    (memory.memory, 20),
    (memory.long_memory, 10),
    (memory.back_reference, 10),
]


def write_heldout():
    rng = random.Random("eval")
    with open(HERE / "eval.jsonl", "w", encoding="utf-8") as file:
        for maker, count in EVAL_PLAN:
            written, seen = 0, set()
            while written < count:
                sample = make(rng, maker, True)
                if sample.check is None or (key(sample), len(sample.messages)) in seen and rng.random() < 0.9:
                    continue
                seen.add((key(sample), len(sample.messages)))
                mode = "raw" if sample.raw and written % 4 == 3 else ("think" if written % 4 == 2 else "no think")
                line = {"skill": sample.skill}
                if mode == "raw":
                    line["prompt"] = sample.raw[0]
                else:
                    line.update(messages=sample.messages, think=mode == "think")
                    if sample.tools:
                        line["tools"] = sample.tools
                line.update(check=sample.check[0], expected=sample.check[1])
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                written += 1
    with open(HERE / "heldout.txt", "w", encoding="utf-8") as file:
        size = 0
        for text in sample_text("held-out text", 400, True):
            if len(text) < 3000 and size < 32000:
                file.write(text if text.endswith("<|endoftext|>") else text + "\n")
                size += len(text)
    with open(HERE / "prompts.txt", "w", encoding="utf-8") as file:
        made = ["What is 2+2?", "The capital of France is", "Write a haiku about artificial intelligence:", "Hello!"]
        made += [chat_format.render([{"role": "user", "content": p}], None, False) for p in made]
        rng, makers = random.Random("prompts"), list(SKILLS)
        while len(made) < 50:
            sample = make(rng, makers[len(made) % len(makers)], True)
            mode = choose_mode(rng, sample)
            parts = spans(rng, sample, mode)
            prompt = "".join(text for text, _ in parts[:-1])
            if len(prompt) < 6000 and prompt not in made:
                made.append(prompt)
        file.writelines(json.dumps(p, ensure_ascii=False) + "\n" for p in made)


if __name__ == "__main__":
    if sys.argv[1:2] == ["heldout"]:
        write_heldout()
    elif sys.argv[1:2] == ["show"]:
        for shown in sample_text("show", int(sys.argv[2]) if len(sys.argv) > 2 else 20):
            print(shown, end="\n----\n")
    else:
        sys.exit(__doc__)
