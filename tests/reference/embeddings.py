#!/usr/bin/python3
"""Embeds texts with small random checkpoints and with the bundled model, and compares with numpy.

The checkpoints are written as sentence-transformers writes them, so what is compared is what `axllama compile` makes of
their pooling modules, a token that the tokenizer puts behind each text, the final norm and the pooling itself. Other
pooling, and leaving the norm's gain out, must show: otherwise the comparison would prove nothing.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy

import architectures
import checkpoint
import decoder

COSINE = 0.9995     # at least, between the engine and numpy
DIFFERENCE = 0.01   # at most, of any number of two normalised vectors
VISIBLE = 0.998     # at most, the cosine with vectors that are made in another way: well below COSINE
END = 319           # the token behind each text
LENGTHS = (1, 2, 31, 64, 65, 100, 200, 255)


def write_checkpoint(folder, config, tensors, pooling):
    """Embedding models leave out the prefix "model."."""
    names = {name.removeprefix("model."): value for name, value in tensors.items()}
    architectures.write_checkpoint(folder, config, names)
    tokenizer = architectures.byte_level_tokenizer()
    tokenizer["added_tokens"] = [{"id": END - 63 + i, "content": f"<|{i}|>", "special": True} for i in range(64)]
    end = tokenizer["added_tokens"][-1]["content"]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "pair": [],
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": end, "type_id": 0}}],
        "special_tokens": {end: {"id": end, "ids": [END], "tokens": [end]}}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    (folder / "modules.json").write_text(json.dumps([
        {"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
        for i, (path, kind) in enumerate(modules)]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(
        {"word_embedding_dimension": config["hidden_size"], "pooling_mode_lasttoken": pooling == "last",
         "pooling_mode_mean_tokens": pooling == "mean", "pooling_mode_cls_token": False}))


def write_texts(file, seed):
    random = numpy.random.default_rng(seed)
    file.write_text("".join(json.dumps("".join(map(chr, random.integers(32, 126, length)))) + "\n"
                            for length in LENGTHS))


def unit(vector):
    return vector / numpy.linalg.norm(vector)


def pooled(states, pooling):
    return unit(states[-1] if pooling == "last" else states.mean(0))


def compare(name, answers, states_of, pooling, gain):
    """`states_of(tokens)`: behind the final norm, of which `gain` is a part."""
    worst, largest, others = 1.0, 0.0, {"pooling": [], "gain": []}
    for answer in answers:
        engine = unit(numpy.array(answer["embedding"]))
        states = states_of(answer["tokens"])
        expected = pooled(states, pooling)
        worst = min(worst, float(engine @ expected))
        largest = max(largest, float(numpy.abs(engine - expected).max()))
        if len(answer["tokens"]) > 2:
            others["pooling"].append(float(engine @ pooled(states, "mean" if pooling == "last" else "last")))
            others["gain"].append(float(engine @ pooled(states / gain, pooling)))
    sound = worst >= COSINE and largest <= DIFFERENCE
    print(f"{name}: cosine at least {worst:.6f}, numbers differ by at most {largest:.5f}"
          f"{'' if sound else ', TOO MUCH'}")
    for part, cosines in others.items():
        visible = numpy.mean(cosines) <= VISIBLE
        print(f"  cosine {numpy.mean(cosines):.4f} with another {part}{'' if visible else ', NOT VISIBLE'}")
        sound = sound and visible
    return sound


def engine_answers(options, package, texts):
    lines = architectures.run([options.engine, "embeddings", "--library", options.library, "--package", package,
                               "--input", texts]).splitlines()
    return [json.loads(line) for line in lines]


def check_random(options, folder, family, pooling):
    changes, context, _ = architectures.CASES[family]
    config = {**architectures.BASE, **changes}
    tensors = architectures.random_tensors(config, sum(family.encode()))
    name = f"{family}-{pooling}"
    write_checkpoint(folder / name, config, tensors, pooling)
    package = folder / (name + "-package")
    # Chunks of 64 rows, so that chunks are used, and their hidden states.
    architectures.run([options.axllama, "compile", folder / name, "--output", package, "--weight_type", "bf16",
                       "--max_context", context, "--prefill_step_size", 64])
    texts = folder / "texts"
    write_texts(texts, 3)
    answers = engine_answers(options, package, texts)
    ends = all(answer["tokens"][-1] == END for answer in answers)
    model = architectures.Family(config, tensors, context)
    return compare(name, answers, lambda tokens: model.hidden_states(numpy.array(tokens)), pooling,
                   tensors["model.norm.weight"]) and ends and len(answers) == len(LENGTHS)


def check_bundled(options):
    """The last token's, in bf16 weights."""
    prompts = Path(options.checkpoint) / "prompts.txt"
    answers = engine_answers(options, options.package, prompts)
    config, tensors = checkpoint.read_checkpoint(options.checkpoint)
    model = decoder.Decoder(config, tensors, borders=True)
    return compare("axllama-tiny", answers, model.hidden_states, "last",
                   model.weights["model.norm.weight"]) and len(answers) >= 50


def main():
    parser = argparse.ArgumentParser()
    for name in ("axllama", "engine", "library", "checkpoint", "package"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    architectures.WINDOW = 256
    with tempfile.TemporaryDirectory() as folder:
        results = [check_random(options, Path(folder), family, pooling)
                   for family in ("qwen3", "llama3") for pooling in ("last", "mean")]
    results.append(check_bundled(options))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
