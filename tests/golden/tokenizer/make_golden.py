"""Makes the tokenizer fixtures (*.json) and golden vectors (*.jsonl) of this folder with an independent implementation.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python make_golden.py

Each fixture is a small vocabulary trained on text this script writes, in the configuration of a published family.
A line of a .jsonl file is one of
    {"text": t, "ids": [...]}                      ids of t
    {"text": t, "plain": true, "ids": [...]}       the same with special tokens read as text
    {"text": t, "framed": [...]}                   ids of t with what the post-processor adds
    {"ids": [...], "all": a, "visible": v}         text of ids, with special tokens and without
bundled.jsonl belongs to models/tiny/tokenizer.json. Fixed seeds: the files come out the same each time.
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
BUNDLED = HERE.parents[2] / "models" / "tiny" / "tokenizer.json"
TEXTS = 420
SEQUENCES = 80

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN35 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
DEEPSEEK = [r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

WORDS = ("the quick brown fox jumps over a lazy dog while rain falls on the old stone bridge and children sing about "
         "numbers colours days months tea bread music light water window garden letter answer question because there "
         "would could should people before after through between Monday Tuesday January Paris London user assistant "
         "system tool weather temperature result function return print value index string number object array class "
         "I'm you're they've it's don't we'll he'd O'Reilly naïve café Straße übung garçon señor привет мир дом "
         "время こんにちは 世界 東京 日本語 你好 世界 中文 한국어 안녕 שלום مرحبا नमस्ते ภาษา ελληνικά e\u0301te\u0301 "
         "3.14 42 1999 2024 100000").split()
CODE = ["def add(a, b):\n    return a + b\n", "for (int i = 0; i < n; ++i) {\n\tsum += x[i];\n}\n",
        '{"name": "get_weather", "arguments": {"city": "Paris"}}\n', "#include <vector>\r\n\r\nint main() { }\r\n",
        "<tool_call>\n{}\n</tool_call>", "if x == 1 and y != 2:  # note\n        pass\n"]
ODDITIES = ["I'M", "WE'LL", "they'Ve", "it'S", "y'all'd've", "'tis", "''s", "'ſ", "don’t", "'RE", "'lL", "½", "Ⅷ", "٣", "²",
            "A\u030A", "\u1112\u1161\u11AB", "q\u0307\u0323", "\u212B", "\uFB01", "\u0958", "\u0344", "🙂",
            "👨\u200d👩\u200d👧\u200d👦", "🏳️\u200d🌈", "🇫🇷", "1️⃣", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b",
            "\u180e", "\ufeff", "\u0000", "\u0007", "\ufffd", "…", "—", "“q”", "\U0010ffff", "\ue000", "\u0378",
            "\U00016ff4", "\u1c89", "\U0001fabd", "\U00010d40", "<|im_start|", "|im_end|>", "<think", "<0x0A>", "▁", "Ġ", "Ċ", "��"]


def character(r):
    kind = r.random()
    if kind < 0.25:
        return chr(r.randrange(32, 127))
    if kind < 0.35:
        return r.choice(" \t\n\r\x0b\x0c\x85\u00a0\u2003\u3000")
    if kind < 0.45:
        return chr(r.randrange(0x80, 0x800))
    if kind < 0.55:
        return chr(r.randrange(0x300, 0x370))
    if kind < 0.7:
        return chr(r.randrange(*r.choice([(0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0x1100, 0x1200), (0x900, 0xE00)])))
    if kind < 0.8:
        return chr(r.randrange(0x1F300, 0x1FB00))
    while True:
        c = r.randrange(0x110000)
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def make_text(r, added):
    gap = [" ", "", "\n", "  ", "\r\n", "\t", " \n ", "   ", "\n\n", ", "]
    kind = r.randrange(8)
    if kind == 0:
        return "".join(character(r) for _ in range(r.randrange(16)))
    if kind == 1:
        return " ".join(r.choice(WORDS) for _ in range(r.randrange(1, 9)))
    if kind == 2:
        return "".join(r.choice(WORDS) + r.choice(gap) for _ in range(r.randrange(1, 9)))
    if kind == 3:
        parts = [lambda: r.choice(WORDS), lambda: character(r), lambda: " " * r.randrange(5),
                 lambda: "\n" * r.randrange(3), lambda: r.choice(ODDITIES)] + [lambda: r.choice(added)] * 4
        return "".join(r.choice(parts)() for _ in range(r.randrange(1, 12)))
    if kind == 4:
        return r.choice(["a", "ab", " ", "\n", "1", "é", "中", "!", "\u0301", " \n", "'s", "=", "🙂"]) * r.randrange(1, 60)
    if kind == 5:
        return r.choice(CODE) + r.choice(gap) + r.choice(WORDS)
    if kind == 6:
        return "".join(r.choice(ODDITIES) + r.choice(gap) for _ in range(r.randrange(1, 6)))
    return "".join(character(r) if r.random() < 0.3 else r.choice(WORDS) for _ in range(r.randrange(1, 8)))


def corpus():
    r = random.Random(20)
    for _ in range(4000):
        yield " ".join(r.choice(WORDS) for _ in range(r.randrange(3, 15))) + r.choice([".", "!", "?", ",", "\n"])
        if r.random() < 0.2:
            yield r.choice(CODE)


def train(tokenizer, size, alphabet, special=()):
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=list(special),
                                  show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def byte_level(pattern=None, normalizer=None, size=900, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pattern is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        patterns = [pattern] if isinstance(pattern, str) else pattern
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]
            + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return train(tokenizer, size, pre_tokenizers.ByteLevel.alphabet())


def special(*tokens):
    return [AddedToken(t, special=True, normalized=False) for t in tokens]


def visible(*tokens):
    return [AddedToken(t, special=False, normalized=False) for t in tokens]


QWEN_TOKENS = special("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>") + visible(
    "<tool_call>", "</tool_call>", "<think>", "</think>")


def qwen2():
    tokenizer = byte_level(QWEN2, normalizers.NFC())
    tokenizer.add_tokens(QWEN_TOKENS)
    return tokenizer


def qwen35():
    tokenizer = byte_level(QWEN35, normalizers.NFC())
    tokenizer.add_tokens(QWEN_TOKENS)
    return tokenizer


def llama3():
    tokenizer = byte_level(LLAMA3)
    # Whole words that no merge reaches, as in the published vocabulary, are found by ignore_merges.
    data = json.loads(tokenizer.to_str())
    model = data["model"]
    model["ignore_merges"] = True
    for word in ["Ġbridge", "Ġchildren", "temperature"]:
        if word not in model["vocab"]:
            model["vocab"][word] = len(model["vocab"])
        model["merges"] = [m for m in model["merges"] if "".join(m) != word]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.add_tokens(special("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
                                 "<|eot_id|>"))
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B:1",
                                      special_tokens=[("<|begin_of_text|>", begin)])])
    return tokenizer


def gpt2():
    """ByteLevel with a prefix space, and every flag an added token can have."""
    tokenizer = byte_level()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens([
        AddedToken("<|endoftext|>", special=True, normalized=True), AddedToken("<mask>", lstrip=True, special=True),
        AddedToken("<right>", rstrip=True), AddedToken("<both>", lstrip=True, rstrip=True),
        AddedToken("word", single_word=True), AddedToken("café", normalized=True),
        AddedToken("<m", normalized=False), AddedToken("<m>", normalized=False), AddedToken("  ", normalized=False),
        AddedToken("é\u0323", normalized=False), AddedToken("<one>", single_word=True, lstrip=True, special=True)])
    return tokenizer


def smollm():
    """Digits and ByteLevel; special tokens inside the vocabulary, which lacks some bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    absent = {"\u0104", "\u0106", "ñ", "õ"}
    alphabet = [c for c in pre_tokenizers.ByteLevel.alphabet() if c not in absent]
    return train(tokenizer, 900, alphabet, special("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<gh_stars>"))


def sentencepiece(tokenizer, size=800, unknown=True):
    control = ["<unk>", "<s>", "</s>"] if unknown else ["<pad>", "<eos>", "<bos>"]
    more = [f"<0x{b:02X}>" for b in range(256)]
    train(tokenizer, size, ["▁"] + [chr(c) for c in range(33, 127)], [AddedToken(t, special=True) for t in control + more])
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] in control]
    data["model"]["byte_fallback"] = True
    data["model"]["fuse_unk"] = True
    if unknown:
        data["model"]["unk_token"] = "<unk>"
    return data


def llama2():
    """Prepend and Replace as normalizers, no pre-tokenizer, byte fallback, a decoder that strips one space."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    data = sentencepiece(tokenizer)
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    data = json.loads(tokenizer.to_str())
    data["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    tokenizer.add_tokens(special("<|im_start|>", "<|im_end|>"))
    return tokenizer


def gemma():
    """Replace as normalizer, a Split that finds nothing, byte fallback with some bytes missing, runs as added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    data = sentencepiece(tokenizer, unknown=False)
    data["model"]["vocab"] = {t: i for t, i in data["model"]["vocab"].items() if t not in ("<0xC3>", "<0x9F>")}
    order = sorted(data["model"]["vocab"], key=data["model"]["vocab"].get)
    data["model"]["vocab"] = {t: i for i, t in enumerate(order)}
    for token in data["added_tokens"]:
        token["id"] = data["model"]["vocab"][token["content"]]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", pair="<bos> $A <eos> $B",
        special_tokens=[("<bos>", tokenizer.token_to_id("<bos>")), ("<eos>", tokenizer.token_to_id("<eos>"))])
    tokenizer.add_tokens(special("<start_of_turn>", "<end_of_turn>") + visible("\n\n", "\n\n\n", "▁▁", "▁▁▁▁"))
    return tokenizer


def metaspace():
    """Metaspace with a sign in front of the first piece only; unknown characters are unknown tokens."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    train(tokenizer, 700, [chr(c) for c in range(33, 127)], [AddedToken(t, special=True) for t in ("<unk>", "<s>", "</s>")])
    return tokenizer


def deepseek():
    tokenizer = byte_level(DEEPSEEK)
    tokenizer.add_tokens(special("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>")
                         + visible("<think>", "</think>"))
    return tokenizer


def o200k():
    tokenizer = byte_level(O200K)
    tokenizer.add_tokens(special("<|endoftext|>", "<|user|>", "<|end|>"))
    return tokenizer


def vectors(tokenizer, seed):
    r = random.Random(seed)
    added_ids = list(tokenizer.get_added_tokens_decoder())
    added = [tokenizer.get_added_tokens_decoder()[i].content for i in added_ids]
    limit = max(tokenizer.get_vocab().values()) + 1
    lines = []

    def encode(text, framed=False):
        return tokenizer.encode(text, add_special_tokens=framed).ids

    while len(lines) < TEXTS:
        text = make_text(r, added)
        plain = r.random() < 0.15
        tokenizer.encode_special_tokens = plain
        lines.append({"text": text, **({"plain": True} if plain else {}), "ids": encode(text)})
    tokenizer.encode_special_tokens = False
    for text in ["", "Hello world", added[0] + " x"]:
        lines.append({"text": text, "framed": encode(text, True)})
    for _ in range(SEQUENCES):
        ids = [r.choice(added_ids) if r.random() < 0.2 else r.randrange(limit + 2) for _ in range(r.randrange(10))]
        if r.random() < 0.6:  # mostly single bytes: broken characters
            ids = [r.randrange(min(limit, 300)) for _ in range(r.randrange(8))]
        lines.append({"ids": ids, "all": tokenizer.decode(ids, skip_special_tokens=False),
                      "visible": tokenizer.decode(ids, skip_special_tokens=True)})
    return lines


def write_vectors(name, tokenizer, seed):
    with open(HERE / f"{name}.jsonl", "w", encoding="utf-8") as out:
        for line in vectors(tokenizer, seed):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    makers = [qwen2, qwen35, llama3, gpt2, smollm, llama2, gemma, metaspace, deepseek, o200k]
    for seed, make in enumerate(makers):
        name = make.__name__
        data = json.loads(make().to_str())
        if name in ("gpt2", "smollm"):  # older files write merges as strings
            data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        write_vectors(name, Tokenizer.from_str(text), seed)
    write_vectors("bundled", Tokenizer.from_file(str(BUNDLED)), 99)


if __name__ == "__main__":
    main()
