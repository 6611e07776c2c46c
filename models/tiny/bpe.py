"""Byte-level BPE: trainer, encoder and the Hugging Face tokenizer.json form, standard library only.

The pre-tokenisation pattern is the one of Qwen2 and Qwen3; text is NFC-normalised first.
"""

import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict

SPECIAL_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
]
# As in Qwen3, these are added tokens that decoders do not skip.
VISIBLE_TOKENS = {
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
}
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _category_class(letter):
    """The inside of a character class with every code point of one Unicode major category."""
    ranges, start = [], None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code))[0] == letter
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(ranges)


_SPLIT = re.compile(
    PATTERN.replace(r"\p{L}+", "[LETTERS]+")
    .replace(r"[^\r\n\p{L}\p{N}]", r"[^\r\nLETTERSNUMBERS]")
    .replace(r"[^\s\p{L}\p{N}]", r"[^\sLETTERSNUMBERS]")
    .replace(r"\p{N}", "[NUMBERS]")
    .replace("LETTERS", _category_class("L"))
    .replace("NUMBERS", _category_class("N"))
)
_SPECIAL = re.compile("(" + "|".join(re.escape(t) for t in SPECIAL_TOKENS) + ")")


def byte_alphabet():
    """Byte -> printable character, the table all byte-level BPE tokenizers share."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table, extra = {b: chr(b) for b in printable}, 0
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            extra += 1
    return table


def pretokens(text):
    return _SPLIT.findall(unicodedata.normalize("NFC", text))


def train(texts, merge_count):
    """The merges, most frequent pair first; ties go to the pair that sorts first, so the result is reproducible."""
    alphabet = byte_alphabet()
    counts = Counter()
    for text in texts:
        for part in _SPECIAL.split(text):
            if part not in SPECIAL_TOKENS:
                counts.update(pretokens(part))
    words = [([alphabet[b] for b in word.encode()], n) for word, n in sorted(counts.items())]
    pair_counts, where = Counter(), defaultdict(set)
    for index, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pair_counts[pair] += n
            where[pair].add(index)
    merges = []
    for _ in range(merge_count):
        best = min(pair_counts, key=lambda p: (-pair_counts[p], p))
        if pair_counts[best] <= 0:
            raise ValueError("the corpus has too few different words for so many merges")
        merges.append(best)
        for index in list(where[best]):
            symbols, n = words[index]
            for pair in zip(symbols, symbols[1:]):
                pair_counts[pair] -= n
                where[pair].discard(index)
            merged, i = [], 0
            while i < len(symbols):
                if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == best:
                    merged.append(symbols[i] + symbols[i + 1])
                    i += 2
                else:
                    merged.append(symbols[i])
                    i += 1
            words[index] = (merged, n)
            for pair in zip(merged, merged[1:]):
                pair_counts[pair] += n
                where[pair].add(index)
        del pair_counts[best]
    return merges


def to_json(merges):
    """The contents of tokenizer.json, form of Hugging Face tokenizers."""
    vocab = {symbol: i for i, symbol in enumerate(sorted(byte_alphabet().values()))}
    for left, right in merges:
        vocab[left + right] = len(vocab)
    added = [
        {
            "id": len(vocab) + i,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": token not in VISIBLE_TOKENS,
        }
        for i, token in enumerate(SPECIAL_TOKENS)
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocab,
            "merges": [f"{left} {right}" for left, right in merges],
        },
    }


class Tokenizer:
    """Encodes and decodes with the contents of a tokenizer.json made by to_json()."""

    def __init__(self, contents):
        self.vocab = contents["model"]["vocab"]
        self.ranks = {tuple(m.split(" ")): i for i, m in enumerate(contents["model"]["merges"])}
        self.special = {t["content"]: t["id"] for t in contents["added_tokens"]}
        self.alphabet = byte_alphabet()
        self.symbols = {i: s for s, i in self.vocab.items()}
        self.special_names = {i: s for s, i in self.special.items()}
        self.bytes = {c: b for b, c in self.alphabet.items()}
        self.cache = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(json.load(file))

    def _word(self, word):
        symbols = [self.alphabet[b] for b in word.encode("utf-8")]
        while len(symbols) > 1:
            rank, at = min((self.ranks.get(pair, 1 << 30), i) for i, pair in enumerate(zip(symbols, symbols[1:])))
            if rank == 1 << 30:
                break
            symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        return [self.vocab[s] for s in symbols]

    def encode(self, text):
        ids = []
        for part in _SPECIAL.split(text):
            if part in self.special:
                ids.append(self.special[part])
                continue
            for word in pretokens(part):
                if word not in self.cache:
                    self.cache[word] = self._word(word)
                ids += self.cache[word]
        return ids

    def decode(self, ids):
        parts, pending = [], bytearray()
        for i in ids:
            if i in self.special_names:
                parts.append(pending.decode("utf-8", "replace") + self.special_names[i])
                pending = bytearray()
            else:
                pending += bytes(self.bytes[c] for c in self.symbols[i])
        return "".join(parts) + pending.decode("utf-8", "replace")
