#!/usr/bin/python3
"""Compiles a small random checkpoint of every supported architecture and compares the engine with float32 numpy.

Each family is written here from its definition, as its authors run it; the compiler instead turns all of them into one
program by reordering and scaling weights. What makes a family special is also left out on purpose once, which must show:
otherwise the comparison would prove nothing.
"""

import argparse
import json
import math
import struct
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from decoder import rms_norm, round_bf16, silu

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, INTERMEDIATE, VOCABULARY = 64, 4, 4, 2, 16, 96, 320
WINDOW = 96
WINDOWS = 12
TOLERANCE = 0.01   # of a window's negative log likelihood per token in nats, averaged over the windows
DIFFERENCE = 0.04  # at least, where something is left out
NEAR = 0.05        # logits of a greedy token and of the reference's largest may differ so much: nearly a tie

BASE = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "intermediate_size": INTERMEDIATE, "vocab_size": VOCABULARY,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 1000.0, "hidden_act": "silu"}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
LONGROPE = {"type": "longrope", "short_factor": [1.0, 1.5, 2.0, 3.0, 4.0, 5.0], "long_factor": [1, 2, 3, 5, 8, 12]}

GEMMA3 = {"model_type": "gemma3_text", "head_dim": HEAD_DIM, "hidden_act": None,
          "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 64, "sliding_window": 12,
          "sliding_window_pattern": 2, "rope_local_base_freq": 20.0,
          "rope_scaling": {"rope_type": "linear", "factor": 4.0}}

# name: (config, context, parts that are left out one by one)
CASES = {
    "qwen3": ({"model_type": "qwen3", "head_dim": HEAD_DIM, "tie_word_embeddings": True}, 256, ["qk_norm", "rope"]),
    "qwen3-untied": ({"model_type": "qwen3", "head_dim": HEAD_DIM, "tie_word_embeddings": False}, 256, ["head"]),
    "qwen2": ({"model_type": "qwen2", "tie_word_embeddings": False}, 256, ["bias"]),
    "llama3": ({"model_type": "llama", "rope_scaling": LLAMA3, "tie_word_embeddings": True}, 256, ["scaling"]),
    "smollm2": ({"model_type": "llama", "tie_word_embeddings": True}, 256, ["rope"]),
    "smollm3": ({"model_type": "smollm3", "no_rope_layer_interval": 2}, 256, ["no_rope"]),
    "phi4-mini": ({"model_type": "phi3", "partial_rotary_factor": 0.75, "rope_scaling": LONGROPE,
                   "original_max_position_embeddings": 128, "tie_word_embeddings": True}, 128,
                  ["partial", "scaling", "attention_factor"]),
    "phi4-mini-long": ({"model_type": "phi3", "partial_rotary_factor": 0.75, "rope_scaling": LONGROPE,
                        "original_max_position_embeddings": 128, "tie_word_embeddings": True}, 256, ["scaling"]),
    "minicpm4": ({"model_type": "minicpm", "scale_emb": 3, "scale_depth": 1.4, "dim_model_base": 32,
                  "tie_word_embeddings": True}, 256, ["embedding_scale", "residual_scale", "logit_scale"]),
    # A window is much shorter than a text, and than a chunk.
    "gemma3": (GEMMA3, 256, ["gain", "qk_norm", "query_scalar", "post_norms", "activation", "embedding_scale", "window",
                             "local_rope", "scaling"]),
    "gemma3-layer-types": ({**GEMMA3, "layer_types": ["full_attention"] + ["sliding_attention"] * 3}, 256,
                           ["window", "layer_types"]),
}
GREEDY = {"gemma3": 24, "gemma3-layer-types": 24}  # tokens behind prompts longer than the window


def gelu_tanh(x):
    return 0.5 * x * (1 + numpy.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


class Family:
    """One sequence through one model, as its family defines it; `without` names parts to leave out."""

    def __init__(self, config, tensors, context, without=()):
        self.config, self.tensors, self.without = config, tensors, set(without)
        self.kind = config["model_type"]
        self.scaling = config.get("rope_scaling") or {}
        rotary = HEAD_DIM if "partial" in self.without else int(HEAD_DIM * config.get("partial_rotary_factor", 1))
        inverse = config["rope_theta"] ** (-numpy.arange(0, rotary, 2) / rotary)
        self.attention_factor = 1.0
        if "scaling" not in self.without:
            inverse = self.scale(inverse, context)
        if "attention_factor" in self.without:
            self.attention_factor = 1.0
        angles = numpy.arange(WINDOW)[:, None] * inverse
        self.cos = (numpy.cos(angles) * self.attention_factor).astype(numpy.float32)
        self.sin = (numpy.sin(angles) * self.attention_factor).astype(numpy.float32)
        self.rotary = rotary
        if self.kind == "gemma3_text":
            local = config["rope_local_base_freq"] ** (-numpy.arange(0, rotary, 2) / rotary)
            angles = numpy.arange(WINDOW)[:, None] * local
            self.local = numpy.cos(angles).astype(numpy.float32), numpy.sin(angles).astype(numpy.float32)

    def scale(self, inverse, context):
        kind = self.scaling.get("rope_type", self.scaling.get("type", "default"))
        if kind == "llama3":
            wavelength = 2 * math.pi / inverse
            original, factor = self.scaling["original_max_position_embeddings"], self.scaling["factor"]
            low, high = self.scaling["low_freq_factor"], self.scaling["high_freq_factor"]
            smooth = (original / wavelength - low) / (high - low)
            blended = (1 - smooth) * inverse / factor + smooth * inverse
            return numpy.where(wavelength > original / low, inverse / factor,
                               numpy.where(wavelength < original / high, inverse, blended))
        if kind == "linear":
            return inverse / self.scaling["factor"]
        if kind == "longrope":
            original = self.config["original_max_position_embeddings"]
            extension = self.config["max_position_embeddings"] / original
            self.attention_factor = math.sqrt(1 + math.log(extension) / math.log(original))
            factors = self.scaling["long_factor" if context > original else "short_factor"]
            return inverse / numpy.array(factors[:len(inverse)] + [1] * (len(inverse) - len(factors)))
        return inverse

    def weight(self, name):
        return self.tensors[name + ".weight"]

    def has_rope(self, layer):
        if "rope" in self.without:
            return False
        if self.kind != "smollm3" or "no_rope" in self.without:
            return True
        return (layer + 1) % self.config["no_rope_layer_interval"] != 0

    def is_local(self, layer):
        if self.kind != "gemma3_text":
            return False
        if "layer_types" in self.config and "layer_types" not in self.without:
            return self.config["layer_types"][layer] == "sliding_attention"
        return (layer + 1) % self.config["sliding_window_pattern"] != 0

    def norm(self, x, name):
        gain = self.weight(name)
        if self.kind == "gemma3_text" and "gain" not in self.without:
            gain = 1 + gain
        return rms_norm(x, gain, self.config["rms_norm_eps"])

    def post_norm(self, x, name):
        """Of what attention or MLP adds."""
        return self.norm(x, name) if self.kind == "gemma3_text" and "post_norms" not in self.without else x

    def rotate(self, layer, x):
        turning, still = x[..., :self.rotary], x[..., self.rotary:]
        a, b = numpy.split(turning, 2, -1)
        cos, sin = self.local if self.is_local(layer) and "local_rope" not in self.without else (self.cos, self.sin)
        cos, sin = cos[:len(x), None], sin[:len(x), None]
        return numpy.concatenate([a * cos - b * sin, b * cos + a * sin, still], -1)

    def project(self, layer, x):
        prefix = f"model.layers.{layer}.self_attn."
        if self.kind == "phi3":
            parts = numpy.split(x @ self.weight(prefix + "qkv_proj").T,
                                [HEADS * HEAD_DIM, (HEADS + KV_HEADS) * HEAD_DIM], -1)
        else:
            parts = [x @ self.weight(prefix + name).T for name in ("q_proj", "k_proj", "v_proj")]
            if self.kind == "qwen2" and "bias" not in self.without:
                parts = [part + self.tensors[f"{prefix}{name}.bias"]
                         for part, name in zip(parts, ("q_proj", "k_proj", "v_proj"))]
        q, k, v = (part.reshape(len(x), -1, HEAD_DIM) for part in parts)
        if self.kind in ("qwen3", "gemma3_text") and "qk_norm" not in self.without:
            q, k = self.norm(q, prefix + "q_norm"), self.norm(k, prefix + "k_norm")
        return (self.rotate(layer, q), self.rotate(layer, k), v) if self.has_rope(layer) else (q, k, v)

    def attend(self, layer, x):
        q, k, v = self.project(layer, x)
        k, v = (numpy.repeat(round_bf16(part), HEADS // KV_HEADS, 1) for part in (k, v))
        divisor = HEAD_DIM if "query_scalar" in self.without else self.config.get("query_pre_attn_scalar", HEAD_DIM)
        scores = numpy.einsum("qhd,khd->hqk", q, k) / math.sqrt(divisor)
        seen = numpy.tri(len(x), dtype=bool)
        if self.is_local(layer) and "window" not in self.without:
            seen &= ~numpy.tri(len(x), k=-self.config["sliding_window"], dtype=bool)
        scores = numpy.where(seen, scores, -numpy.inf)
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        mixed = numpy.einsum("hqk,khd->qhd", shares, v).reshape(len(x), -1)
        return mixed @ self.weight(f"model.layers.{layer}.self_attn.o_proj").T

    def feed_forward(self, layer, x):
        prefix = f"model.layers.{layer}.mlp."
        if self.kind == "phi3":
            gate, up = numpy.split(x @ self.weight(prefix + "gate_up_proj").T, 2, -1)
        else:
            gate, up = x @ self.weight(prefix + "gate_proj").T, x @ self.weight(prefix + "up_proj").T
        gelu = self.kind == "gemma3_text" and "activation" not in self.without
        return ((gelu_tanh if gelu else silu)(gate) * up) @ self.weight(prefix + "down_proj").T

    def factors(self):
        """Of the embedding, of what a block adds, and of what enters the head."""
        if self.kind == "gemma3_text":
            return 1 if "embedding_scale" in self.without else round_bf16([math.sqrt(HIDDEN)])[0], 1, 1
        if self.kind != "minicpm":
            return 1, 1, 1
        config = self.config
        values = {"embedding_scale": config["scale_emb"], "residual_scale": config["scale_depth"] / math.sqrt(LAYERS),
                  "logit_scale": config["dim_model_base"] / HIDDEN}
        return [1 if name in self.without else value for name, value in values.items()]

    def hidden_states(self, tokens):
        """Behind the final norm, [tokens, hidden]."""
        embedding_scale, residual_scale, _ = self.factors()
        x = round_bf16(self.weight("model.embed_tokens")[tokens] * numpy.float32(embedding_scale))
        for layer in range(LAYERS):
            prefix = f"model.layers.{layer}."
            attended = self.attend(layer, self.norm(x, prefix + "input_layernorm"))
            x = x + residual_scale * self.post_norm(attended, prefix + "post_attention_layernorm")
            before = "pre_feedforward_layernorm" if self.kind == "gemma3_text" else "post_attention_layernorm"
            fed = self.feed_forward(layer, self.norm(x, prefix + before))
            x = round_bf16(x + residual_scale * self.post_norm(fed, prefix + "post_feedforward_layernorm"))
        return self.norm(x, "model.norm")

    def logits(self, tokens):
        x = self.hidden_states(tokens) * self.factors()[2]
        tied = "lm_head.weight" not in self.tensors or "head" in self.without
        return round_bf16(x @ self.weight("model.embed_tokens" if tied else "lm_head").T).astype(numpy.float64)

    def negative_log_likelihood(self, tokens):
        logits = self.logits(tokens[:-1])
        top = logits.max(-1, keepdims=True)
        log_sum = numpy.log(numpy.exp(logits - top).sum(-1)) + top[:, 0]
        return float(numpy.sum(log_sum - logits[numpy.arange(len(tokens) - 1), tokens[1:]]))


def random_tensors(config, seed):
    random = numpy.random.default_rng(seed)

    def matrix(rows, columns, scale=1.0):
        return round_bf16(random.standard_normal((rows, columns)) * (scale / math.sqrt(columns)))

    kind = config["model_type"]

    def gain(size):
        return round_bf16((0 if kind == "gemma3_text" else 1) + 0.3 * random.standard_normal(size))

    query, key = HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM
    tensors = {"model.embed_tokens.weight": round_bf16(0.3 * random.standard_normal((VOCABULARY, HIDDEN))),
               "model.norm.weight": gain(HIDDEN)}
    if not config.get("tie_word_embeddings", True):
        tensors["lm_head.weight"] = round_bf16(0.3 * random.standard_normal((VOCABULARY, HIDDEN)))
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        attention = prefix + "self_attn."
        if kind == "phi3":
            tensors[attention + "qkv_proj.weight"] = matrix(query + 2 * key, HIDDEN, 1.5)
            tensors[prefix + "mlp.gate_up_proj.weight"] = matrix(2 * INTERMEDIATE, HIDDEN)
        else:
            for name, rows in (("q_proj", query), ("k_proj", key), ("v_proj", key)):
                tensors[f"{attention}{name}.weight"] = matrix(rows, HIDDEN, 1.5)
                if kind == "qwen2":
                    tensors[f"{attention}{name}.bias"] = round_bf16(0.5 * random.standard_normal(rows))
            tensors[prefix + "mlp.gate_proj.weight"] = matrix(INTERMEDIATE, HIDDEN)
            tensors[prefix + "mlp.up_proj.weight"] = matrix(INTERMEDIATE, HIDDEN)
        if kind == "qwen3":
            tensors[attention + "q_norm.weight"] = gain(HEAD_DIM) * numpy.float32(1.5)
            tensors[attention + "k_norm.weight"] = gain(HEAD_DIM)
        if kind == "gemma3_text":
            tensors[attention + "q_norm.weight"] = gain(HEAD_DIM) + numpy.float32(3)
            tensors[attention + "k_norm.weight"] = gain(HEAD_DIM)
            tensors[prefix + "pre_feedforward_layernorm.weight"] = gain(HIDDEN)
            tensors[prefix + "post_feedforward_layernorm.weight"] = gain(HIDDEN) + numpy.float32(1.5)
        tensors[attention + "o_proj.weight"] = matrix(HIDDEN, query)
        tensors[prefix + "mlp.down_proj.weight"] = matrix(HIDDEN, INTERMEDIATE)
        tensors[prefix + "input_layernorm.weight"] = gain(HIDDEN)
        tensors[prefix + "post_attention_layernorm.weight"] = gain(HIDDEN)
    return tensors


def byte_level_tokenizer():
    letters, shifted = {}, 256
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            letters[chr(byte)] = byte
        else:
            letters[chr(shifted)] = byte
            shifted += 1
    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    return {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": step, "post_processor": None,
            "decoder": step, "model": {"type": "BPE", "vocab": letters, "merges": []}}


def write_checkpoint(folder, config, tensors):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(byte_level_tokenizer()))
    header, data = {}, b""
    for name, value in tensors.items():
        raw = value.astype(numpy.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def run(command):
    emulator = os.environ.get("AXLLAMA_EMULATOR", "").split()  # where this machine cannot run what it builds
    process = subprocess.run([*emulator, *(str(part) for part in command)], stdout=subprocess.PIPE, check=False)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return process.stdout


def check(name, options, folder):
    changes, context, parts = CASES[name]
    config = {**BASE, **changes}
    tensors = random_tensors(config, sum(name.encode()))
    write_checkpoint(folder / name, config, tensors)
    package = folder / (name + "-package")
    run([options.axllama, "compile", folder / name, "--output", package, "--weight_type", "bf16",
         "--max_context", context, "--prefill_step_size", 32])
    text = folder / "text"
    letters = numpy.random.default_rng(1).integers(ord(" "), ord("~"), WINDOW * WINDOWS)
    text.write_bytes(letters.astype(numpy.uint8).tobytes())
    lines = run([options.engine, "likelihood", "--library", options.library, "--package", package,
                 "--input", text, "--window", WINDOW]).splitlines()
    windows = [json.loads(line) for line in lines]
    actual = numpy.array([window["negative_log_likelihood"] for window in windows])

    def difference(without=()):
        """From what the engine gives, per token, averaged over the windows."""
        family = Family(config, tensors, context, without)
        expected = numpy.array([family.negative_log_likelihood(window["tokens"]) for window in windows])
        return float(numpy.mean(numpy.abs(actual - expected))) / (WINDOW - 1)

    error = difference()
    sound = len(windows) == WINDOWS and error <= TOLERANCE
    print(f"{name}: {len(windows)} windows differ by {error:.4f} from float32{'' if sound else ', TOO MUCH'}")
    for part in parts:
        without = difference([part])
        visible = without >= DIFFERENCE
        print(f"  by {without:.4f} without {part}{'' if visible else ', NOT VISIBLE'}")
        sound = sound and visible
    if name in GREEDY:
        sound = check_greedy(name, options, package, Family(config, tensors, context), text) and sound
    return sound


def check_greedy(name, options, package, family, text):
    """Greedy tokens against the reference's, with prompts in chunks of two ways, which the engine compares."""
    prompts = text.with_suffix(".prompts")
    letters = text.read_text()
    prompts.write_text("\n".join(json.dumps(letters[begin:begin + 50]) for begin in (0, 50, 100)) + "\n")
    lines = run([options.engine, "tokens", "--library", options.library, "--package", package, "--input", prompts,
                 "--count", GREEDY[name]]).splitlines()
    sound = len(lines) == 3
    for line in map(json.loads, lines):
        tokens = line["prompt"] + line["tokens"]
        logits = family.logits(tokens[:-1])[len(line["prompt"]) - 1:]
        behind = logits.max(-1) - logits[numpy.arange(len(line["tokens"])), line["tokens"]]
        print(f"  {numpy.sum(behind > 0)} of {len(behind)} greedy tokens differ, by {behind.max():.3f} at most")
        sound = sound and len(behind) == GREEDY[name] and behind.max() <= NEAR
    return sound


def main():
    parser = argparse.ArgumentParser()
    for name in ("axllama", "engine", "library"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [check(name, options, Path(folder)) for name in CASES]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
