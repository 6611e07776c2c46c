"""Work on given text: questions about it, copying, editing, extraction as JSON, small code."""

import json
import re

from .sample import ask
from .words import (
    ADJECTIVES,
    ANIMALS,
    COLOURS,
    FOODS,
    HOBBIES,
    JOBS,
    NOUNS,
    OBJECTS,
    PLACES,
    VERBS,
    article,
    city,
    invented,
    join,
    name,
    names,
    noun,
)


def _facts(rng, count):
    """[(sentence, [(question, short answer, full answer)])] about different people and things."""
    facts = []
    people = names(rng, count)
    for who in people:
        kind = rng.randrange(8)
        if kind == 0:
            thing, colour = rng.choice(OBJECTS), rng.choice(COLOURS)
            facts.append(
                (
                    f"{who} has a {colour} {thing}.",
                    [
                        (f"What colour is {who}'s {thing}?", colour, f"{who}'s {thing} is {colour}."),
                        (f"What does {who} have?", f"{colour} {thing}", f"{who} has a {colour} {thing}."),
                        (f"Who has a {colour} {thing}?", who, f"{who} has a {colour} {thing}."),
                    ],
                )
            )
        elif kind == 1:
            place = city(rng)
            facts.append(
                (
                    f"{who} lives in {place}.",
                    [
                        (f"Where does {who} live?", place, f"{who} lives in {place}."),
                        (f"Who lives in {place}?", who, f"{who} lives in {place}."),
                    ],
                )
            )
        elif kind == 2:
            age = rng.randint(3, 90)
            facts.append(
                (
                    f"{who} is {age} years old.",
                    [
                        (f"How old is {who}?", str(age), f"{who} is {age} years old."),
                        (f"Who is {age} years old?", who, f"{who} is {age} years old."),
                    ],
                )
            )
        elif kind == 3:
            job = rng.choice(JOBS)
            facts.append(
                (
                    f"{who} works as {article(job)}.",
                    [
                        (f"What is {who}'s job?", job, f"{who} is {article(job)}."),
                        (f"Who works as {article(job)}?", who, f"{who} works as {article(job)}."),
                    ],
                )
            )
        elif kind == 4:
            animal, pet = rng.choice(ANIMALS), name(rng)
            facts.append(
                (
                    f"{who} has {article(animal)} called {pet}.",
                    [
                        (f"What is {who}'s {animal} called?", pet, f"{who}'s {animal} is called {pet}."),
                        (f"What animal does {who} have?", animal, f"{who} has {article(animal)}."),
                    ],
                )
            )
        elif kind == 5:
            food = rng.choice(FOODS)
            facts.append(
                (
                    f"{who} likes {food}.",
                    [
                        (f"What does {who} like?", food, f"{who} likes {food}."),
                        (f"Who likes {food}?", who, f"{who} likes {food}."),
                    ],
                )
            )
        elif kind == 6:
            thing, place = noun(rng), rng.choice(PLACES)
            facts.append(
                (
                    f"{who} put the {thing} in the {place}.",
                    [
                        (f"Where is the {thing}?", place, f"The {thing} is in the {place}."),
                        (f"Where did {who} put the {thing}?", place, f"{who} put the {thing} in the {place}."),
                        (f"Who put the {thing} in the {place}?", who, f"{who} put the {thing} in the {place}."),
                    ],
                )
            )
        else:
            hobby = rng.choice(HOBBIES)
            facts.append(
                (
                    f"{who}'s hobby is {hobby}.",
                    [
                        (f"What is {who}'s hobby?", hobby, f"{who}'s hobby is {hobby}."),
                        (f"Whose hobby is {hobby}?", who, f"{who}'s hobby is {hobby}."),
                    ],
                )
            )
    return people, facts


def question_answer(rng):
    people, facts = _facts(rng, rng.randint(1, 6))
    text = " ".join(sentence for sentence, _ in facts)
    if rng.random() < 0.1:
        who = next(n for n in iter(lambda: name(rng), None) if n not in people)
        question = rng.choice(
            [f"Where does {who} live?", f"How old is {who}?", f"What is {who}'s job?", f"What does {who} like?"]
        )
        short, answer, think = (
            "does not say",
            "The text does not say that.",
            f"I look for {who}. The text does not mention {who}.",
        )
    else:
        sentence, asked = rng.choice(facts)
        answers = [a for s, qs in facts for q, a, _ in qs if q in [x[0] for x in asked]]
        question, short, answer = rng.choice(asked)
        same = [s for s, qs in facts for q, _, _ in qs if q == question]
        if len(same) > 1 or len(answers) < 1:  # two people fit: ask nothing ambiguous
            return question_answer(rng)
        think = f"The text says: {sentence}"
    prompt = rng.choice(
        [
            "{t} {q}",
            "{t}\n\n{q}",
            "{t}\n{q}",
            "Read this text: {t}\n{q}",
            "Text: {t}\nQuestion: {q}",
            "Context: {t}\n\n{q}",
            "{q}\n\n{t}",
            "Answer the question about the text.\n\n{t}\n\n{q}",
            "{t}\n\nQuestion: {q}\nAnswer:",
        ]
    )
    return ask("reading", prompt.format(t=text, q=question), answer, think, ("contains", short))


def sentence(rng):
    who = name(rng) if rng.random() < 0.5 else f"The {rng.choice(ADJECTIVES)} {noun(rng)}"
    return f"{who} {rng.choice(VERBS)} {article(rng.choice(ADJECTIVES))} {noun(rng)}" + rng.choice(
        [".", ".", ".", f" in the {rng.choice(PLACES)}.", f" with {name(rng)}.", "!", f" in {city(rng)}."]
    )


def _material(rng):
    kind = rng.randrange(7)
    if kind <= 1:
        return " ".join(sentence(rng) for _ in range(rng.randint(1, 3)))
    if kind == 2:
        return " ".join(invented(rng) if rng.random() < 0.5 else rng.choice(NOUNS) for _ in range(rng.randint(2, 8)))
    if kind == 3:
        return " ".join(str(rng.randint(0, 9999)) for _ in range(rng.randint(1, 5)))
    if kind == 4:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFXYZ") for _ in range(rng.randint(4, 14)))
    if kind == 5:
        return ", ".join(noun(rng) for _ in range(rng.randint(2, 6)))
    return f"{rng.choice(ADJECTIVES)} {noun(rng)}"


def copy(rng):
    text = _material(rng)
    question = rng.choice(
        [
            "Repeat: {t}",
            "Repeat after me: {t}",
            "Copy this text: {t}",
            "Copy this exactly:\n{t}",
            "Say: {t}",
            "Echo: {t}",
            "Repeat this text exactly:\n\n{t}",
            'Please repeat: "{t}"',
            "Write this again: {t}",
            'Say "{t}".',
            "{t}\n\nRepeat the text above.",
        ]
    ).format(t=text)
    return ask("copying", question, text, "I repeat the text exactly.", ("exact", text))


def edit(rng):
    kind = rng.randrange(8)
    if kind <= 1:
        text = " ".join(sentence(rng) for _ in range(rng.randint(1, 2)))
        words = [w.strip(".,!") for w in text.split(" ") if len(w) > 3]
        old, new = rng.choice(words), noun(rng)
        new = new.capitalize() if old[0].isupper() else new
        question = rng.choice(
            [
                "Replace {o} with {n}: {t}",
                'Replace "{o}" with "{n}" in this text: {t}',
                "Change {o} to {n} in this sentence: {t}",
                "{t}\n\nReplace {o} with {n}.",
            ]
        )
        answer = " ".join(new + w[len(old) :] if w.rstrip(".,!") == old else w for w in text.split(" "))
        return ask(
            "editing",
            question.format(o=old, n=new, t=text),
            answer,
            f"I copy the text and write {new} for {old}.",
            ("exact", answer),
        )
    items = []
    while len(items) < rng.randint(3, 6):
        item = noun(rng)
        if item not in items:
            items.append(item)
    row = ", ".join(items)
    if kind == 2:
        new = noun(rng) + "s"
        question = rng.choice(
            ["Add {n} to the end of this list: {r}", "Append {n}: {r}", "Here is a list: {r}. Add {n} at the end."]
        )
        return ask(
            "editing",
            question.format(n=new, r=row),
            f"{row}, {new}",
            f"I copy the list and add {new}.",
            ("exact", f"{row}, {new}"),
        )
    if kind == 3:
        gone = rng.choice(items)
        left = ", ".join(i for i in items if i != gone)
        question = rng.choice(
            [
                "Remove {g} from this list: {r}",
                "Delete {g}: {r}",
                "Here is a list: {r}. Remove {g}.",
                "Take {g} out of this list: {r}",
            ]
        )
        return ask("editing", question.format(g=gone, r=row), left, f"I copy the list without {gone}.", ("exact", left))
    if kind == 4:
        which, word = rng.choice([(0, "first"), (-1, "last"), (1, "second")])
        question = rng.choice(
            ["What is the {w} item of this list? {r}", "Which word comes {w}: {r}?", "Name the {w} word: {r}"]
        )
        return ask(
            "editing",
            question.format(w=word, r=row),
            f"The {word} one is {items[which]}.",
            f"The {word} item is {items[which]}.",
            ("contains", items[which]),
        )
    if kind == 5:
        back = ", ".join(reversed(items))
        question = rng.choice(
            ["Reverse this list: {r}", "Write this list backwards: {r}", "Put this list in reverse order: {r}"]
        )
        return ask("editing", question.format(r=row), back, "I start at the end of the list.", ("exact", back))
    if kind == 6:
        lines = "\n".join(f"- {i}" for i in items)
        question = rng.choice(
            ["Write this list with bullet points: {r}", "Make bullet points: {r}", "Turn this into bullet points: {r}"]
        )
        return ask("editing", question.format(r=row), lines, "One line with a dash for each item.", ("exact", lines))
    question = rng.choice(
        ["How many items are in this list? {r}", "Count the items: {r}", "How many words are here: {r}?"]
    )
    return ask(
        "editing",
        question.format(r=row),
        f"There are {len(items)}.",
        "I count: " + ", ".join(f"{i + 1} {x}" for i, x in enumerate(items)) + ".",
        ("number", str(len(items))),
    )


def _code(rng):
    """(code, the identifiers in it, the numbers in it)"""
    f, a, b = (
        rng.choice(pool) if rng.random() < 0.6 else invented(rng)
        for pool in (
            ["add", "total", "scale", "area", "compute", "combine", "update"],
            ["x", "a", "width", "first", "value", "count"],
            ["y", "b", "height", "second", "step", "limit"],
        )
    )
    n, op = rng.randint(2, 99), rng.choice("+-*")
    if len({f, a, b}) < 3:
        return _code(rng)
    code = rng.choice(
        [
            f"def {f}({a}, {b}):\n    return {a} {op} {b}",
            f"def {f}({a}):\n    {b} = {a} {op} {n}\n    return {b}",
            f"int {f}(int {a}, int {b}) {{\n  return {a} {op} {b} {op} {n};\n}}",
            f"for {a} in range({n}):\n    {f}({a}, {b})",
            f"let {a} = {n};\nlet {b} = {a} {op} 2;\nconsole.log({b});",
            f"{a} = {n}\n{b} = {a} {op} {n + 1}\nprint({f}({b}))",
            f"if {a} > {n}:\n    {b} = {f}({a})\nelse:\n    {b} = {n}",
        ]
    )
    identifiers = [i for i in (f, a, b) if i in code]
    return code, identifiers, n


def code_edit(rng):
    code, identifiers, number = _code(rng)
    kind = rng.randrange(3)
    if kind == 0:
        old = rng.choice(identifiers)
        new = rng.choice(["result", "total", "size", "speed", "data", "index"]) if rng.random() < 0.5 else invented(rng)
        changed = re.sub(rf"\b{old}\b", new, code)
        question = rng.choice(
            [
                "Rename {o} to {n} in this code:",
                "Rename the variable {o} to {n}:",
                "In this code, change {o} to {n}:",
                "Please rename {o} to {n}.",
            ]
        ).format(o=old, n=new)
        think = f"I copy the code and write {new} for {old}."
    elif kind == 1 and str(number) in code:
        new = rng.randint(2, 99)
        changed = re.sub(rf"\b{number}\b", str(new), code)
        question = rng.choice(["Change {o} to {n} in this code:", "Replace the number {o} with {n}:"]).format(
            o=number, n=new
        )
        think = f"I copy the code and write {new} for {number}."
    else:
        changed, think = code, "I copy the code."
        question = rng.choice(["Copy this code:", "Repeat this code exactly:", "Write this code again:"])
    answer = f"```\n{changed}\n```"
    return ask("code editing", f"{question}\n```\n{code}\n```", answer, think, ("exact", answer))


def to_json(rng):
    who, age, place, colour = name(rng), rng.randint(3, 90), city(rng), rng.choice(COLOURS)
    thing, job, price, food = noun(rng), rng.choice(JOBS), rng.randint(1, 999), rng.choice(FOODS)
    options = [
        ("age", age, f"is {age} years old"),
        ("city", place, f"lives in {place}"),
        ("job", job, f"works as {article(job)}"),
        ("colour", colour, f"likes the colour {colour}"),
        ("food", food, f"eats {food}"),
        ("hobby", (h := rng.choice(HOBBIES)), f"enjoys {h}"),
    ]
    if rng.random() < 0.2:
        data = {"item": thing, "price": price}
        if rng.random() < 0.5:
            data["colour"] = colour
            text = f"The {thing} is {colour} and costs {price} euros."
        else:
            text = f"The {thing} costs {price} euros."
    elif rng.random() < 0.15:
        items = [noun(rng) for _ in range(rng.randint(2, 4))]
        data, text = {"items": items}, f"I need {join(items)}."
    else:
        chosen = rng.sample(options, rng.randint(1, 3))
        data = {"name": who, **{k: v for k, v, _ in chosen}}
        text = who + " " + join([t for _, _, t in chosen]) + "."
    keys = join(list(data))
    answer = json.dumps(data)
    question = rng.choice(
        [
            "Give {k} as JSON: {t}",
            "Extract {k} as JSON: {t}",
            "{t}\n\nAnswer as JSON with the keys {k}.",
            "Turn this into JSON with {k}: {t}",
            "Write as JSON ({k}): {t}",
            "{t} Return JSON with {k}.",
            "Return a JSON object with the fields {k}.\n\n{t}",
        ]
    )
    return ask(
        "json",
        question.format(k=keys, t=text),
        answer,
        f"The keys are {keys}. I take the values from the text.",
        ("json", data),
    )
