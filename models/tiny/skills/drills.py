"""Dense exercises for training only: many small answers in one text, so that copying, looking up and adding form early."""

from .sample import Sample, held_out
from .toolbox import INTENTS, _call, _offer, _pick, _result
from .words import CITIES, COLOURS, FOODS, NAMES, NOUNS, invented, names
from .reading import _code, _facts, sentence


def _piece(rng, kind):
    if kind == 0:
        return rng.choice(NOUNS + COLOURS + FOODS)
    if kind == 1:
        return invented(rng)
    if kind == 2:
        return str(rng.randint(0, 9999))
    if kind == 3:
        return rng.choice(NAMES + CITIES)
    return invented(rng, 2).capitalize()


def copy_drill(rng):
    """A text and the same text again, once or twice."""
    kind = rng.randrange(8)
    if kind == 5:
        text = " ".join(sentence(rng) for _ in range(rng.randint(1, 4)))
    elif kind == 6:
        text = _code(rng)[0]
    else:
        joint = rng.choice([" ", " ", ", ", "\n", " - "])
        count = rng.randint(3, 25)
        text = joint.join(_piece(rng, rng.randrange(5) if kind == 7 else kind) for _ in range(count))
    separator = rng.choice(["\n", "\n\n", " | ", "\nAgain: ", "\n```\n"])
    if rng.random() < 0.4:
        before, after = rng.choice(
            [("Repeat: ", ""), ("Copy this text: ", ""), ('Say "', '".'), ("Echo: ", ""), ("Write this again: ", "")]
        )
        return Sample(
            "copy drill", [{"role": "user", "content": before + text + after}], text, "I repeat the text exactly."
        )
    times = 2 if rng.random() < 0.3 else 1
    return Sample("copy drill", [], "", parts=[(text, "no"), ((separator + text) * times + "<|endoftext|>", "all")])


def lookup_drill(rng):
    """Pairs, then the second half of each pair is asked for in another order."""
    keys = (
        names(rng, rng.randint(3, 9))
        if rng.random() < 0.5
        else list({_piece(rng, rng.randrange(4)) for _ in range(rng.randint(3, 9))})
    )
    kind = rng.randrange(5)
    pairs = [(k, _piece(rng, kind)) for k in keys]
    form = rng.choice(["{k}: {v}", "{k} = {v}", "{k} has {v}.", "{k} -> {v}", '"{k}": "{v}"', "{k} likes {v}."])
    before, after = form.split("{v}")
    parts = [("\n".join(form.format(k=k, v=v) for k, v in pairs), "no")]
    rng.shuffle(pairs)
    for k, v in pairs:
        stem = "\n" + before.format(k=k)
        space = " " if stem.endswith(" ") else ""
        parts += [(stem.rstrip(" "), "no"), (space + v + after, "all")]
    return Sample("lookup drill", [], "", parts=parts)


def sum_drill(rng):
    """Sums, differences and products, one a line."""
    parts, top = [], rng.choice([9, 20, 20, 20, 99])
    for _ in range(rng.randint(5, 14)):
        op = rng.choice("++++-x")
        a, b = rng.randint(0, top), rng.randint(0, top)
        if op == "-":
            a, b = max(a, b), min(a, b)
        if op == "x":
            a, b = a % 11, b % 11
        if held_out(f"{a} {op} {b} ="):
            continue
        result = {"+": a + b, "-": a - b, "x": a * b}[op]
        parts += [
            (f"{a} {op} {b} =", "no"),
            (f" {result}." if rng.random() < 0.9 else f" {result}", "all"),
            ("\n", "no"),
        ]
    return Sample("sum drill", [], "", parts=parts[:-1])


def reading_drill(rng):
    """One text and several questions about it, as a conversation."""
    _, facts = _facts(rng, rng.randint(2, 6))
    text = " ".join(s for s, _ in facts)
    everything = [q for _, questions in facts for q, _, _ in questions]
    asked = [q for _, questions in facts for q in questions if everything.count(q[0]) == 1]
    if len(asked) < 2:
        return reading_drill(rng)
    rng.shuffle(asked)
    messages = []
    for i, (question, _, answer) in enumerate(asked[:5]):
        messages += [
            {"role": "user", "content": (text + "\n\n" if i == 0 else "") + question},
            {"role": "assistant", "content": answer},
        ]
    sources = {q: s for s, questions in facts for q, _, _ in questions}
    return Sample(
        "reading drill",
        messages[:-1],
        messages[-1]["content"],
        f"The text says: {sources[messages[-2]['content'].split(chr(10))[-1]]}",
    )


def tool_drill(rng):
    """Several questions with one list of tools; the exercise ends with a call or with the use of a result."""
    offered = _pick(rng, rng.randint(1, 4))
    tools, made = _offer(rng, offered)
    messages, left = [], rng.randint(2, 5)
    while True:
        intent = rng.choice(offered)
        arguments, question = INTENTS[intent][0](rng)
        if held_out(question):
            continue
        call = _call(made, intent, arguments)
        content, answer, _ = _result(rng, intent, arguments)
        messages.append({"role": "user", "content": question})
        left -= 1
        if left == 0:
            think = f"The user asks for {INTENTS[intent][4]}. I use {call['name']}."
            return Sample("tool drill", messages, "", think, calls=[call], tools=tools)
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": call}]},
            {"role": "tool", "content": content},
            {"role": "assistant", "content": answer},
        ]
