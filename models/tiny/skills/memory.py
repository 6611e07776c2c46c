"""Facts that must be remembered over several turns."""

from . import knowledge, language, reading
from .sample import Sample, held_out
from .words import ANIMALS, COLOURS, FOODS, HOBBIES, JOBS, article, city, invented, name

SMALL_TURNS = [
    knowledge.sum_small,
    knowledge.capital,
    knowledge.colour,
    knowledge.calendar,
    knowledge.difference,
    knowledge.product,
    language.greeting,
    knowledge.word_facts,
    knowledge.comparison,
    language.identity,
]
LARGE_TURNS = SMALL_TURNS + [
    reading.question_answer,
    reading.copy,
    reading.edit,
    reading.to_json,
    language.story,
    language.make_list,
    reading.code_edit,
    language.haiku,
    knowledge.sum_large,
    language.unknown,
]


def _fact(rng):
    """(key, statement, reply, [questions], answer, must contain)"""
    kind = rng.randrange(9)
    if kind <= 1:
        v = name(rng)
        return (
            "name",
            rng.choice(
                [
                    f"My name is {v}.",
                    f"I am {v}.",
                    f"Call me {v}.",
                    f"Hi, my name is {v}!",
                    f"I'm {v}, nice to meet you.",
                ]
            ),
            f"Nice to meet you, {v}!",
            ["What is my name?", "Do you remember my name?", "What's my name?", "Who am I?", "How am I called?"],
            f"Your name is {v}.",
            v,
        )
    if kind == 2:
        v = city(rng)
        return (
            "city",
            rng.choice([f"I live in {v}.", f"I am from {v}.", f"My home is {v}."]),
            f"{v} sounds like a nice place.",
            ["Where do I live?", "Which city do I live in?", "Where is my home?"],
            f"You live in {v}.",
            v,
        )
    if kind == 3:
        v = str(rng.randint(5, 99))
        return (
            "age",
            rng.choice([f"I am {v} years old.", f"My age is {v}.", f"I turned {v} this year."]),
            "Thank you for telling me.",
            ["How old am I?", "What is my age?", "Do you know how old I am?"],
            f"You are {v} years old.",
            v,
        )
    if kind == 4:
        v = rng.choice(COLOURS)
        return (
            "colour",
            rng.choice([f"My favourite colour is {v}.", f"I like the colour {v} best.", f"My favorite color is {v}."]),
            f"{v.capitalize()} is a lovely colour.",
            ["What is my favourite colour?", "What's my favorite color?", "Which colour do I like best?"],
            f"Your favourite colour is {v}.",
            v,
        )
    if kind == 5:
        a, v = rng.choice(ANIMALS), name(rng)
        return (
            "pet",
            rng.choice([f"I have {article(a)} called {v}.", f"My {a} is called {v}.", f"My {a}'s name is {v}."]),
            f"{v} is a nice name for {article(a)}.",
            [f"What is my {a} called?", f"What is the name of my {a}?", f"How is my {a} called?"],
            f"Your {a} is called {v}.",
            v,
        )
    if kind == 6:
        v = rng.choice(FOODS + [invented(rng)])
        return (
            "food",
            rng.choice([f"I like to eat {v}.", f"My favourite food is {v}."]),
            f"I hear that {v} is very good.",
            ["What is my favourite food?", "What do I like to eat?"],
            f"You like to eat {v}.",
            v,
        )
    if kind == 7:
        v = rng.choice(HOBBIES + JOBS)
        if v in JOBS:
            return (
                "job",
                rng.choice([f"I work as {article(v)}.", f"I am {article(v)}.", f"My job is {v}."]),
                "That is an interesting job.",
                ["What is my job?", "What do I do for work?"],
                f"You work as {article(v)}.",
                v,
            )
        return (
            "hobby",
            rng.choice([f"My hobby is {v}.", f"I enjoy {v}."]),
            f"It is good to have a hobby like {v}.",
            ["What is my hobby?", "What do I enjoy?"],
            f"Your hobby is {v}.",
            v,
        )
    v = rng.choice([str(rng.randint(100, 9999)), invented(rng), invented(rng).capitalize()])
    return (
        "code",
        rng.choice([f"The secret word is {v}.", f"Please remember the word {v}.", f"Remember this code: {v}"]),
        f"I will remember {v}.",
        ["What is the secret word?", "Which word should you remember?", "What was the code?"],
        f"It is {v}.",
        v,
    )


def _other(rng, makers):
    """A single exercise that is not held out."""
    while True:
        base = rng.choice(makers)(rng)
        if not held_out(base.messages[-1]["content"]):
            return base


def _turn(messages, question, answer):
    messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def memory(rng, turns=None, small=True):
    """A conversation with facts early and a question about one of them at its end."""
    messages, facts = [], {}
    distractors = rng.randint(0, 3) if turns is None else turns
    plan = ["fact"] * rng.randint(1, 3) + ["other"] * distractors
    if rng.random() < 0.8:
        first, rest = plan[0], plan[1:]
        rng.shuffle(rest)
        plan = [first] + rest
    for step in plan:
        if step == "other":
            base = _other(rng, SMALL_TURNS if small else LARGE_TURNS)
            _turn(messages, base.messages[-1]["content"], base.answer)
            continue
        key, statement, reply, questions, answer, value = _fact(rng)
        if key not in facts:
            facts[key] = (questions, answer, value)
            _turn(messages, statement, reply)
    key = rng.choice(list(facts))
    questions, answer, value = facts[key]
    question = rng.choice(questions)
    messages.append({"role": "user", "content": question})
    return Sample("memory", messages, answer, f"The user told me before: {answer}", check=("contains", value))


def statement(rng):
    """The turn in which a fact is told."""
    _, text, reply, _, _, value = _fact(rng)
    return Sample("memory", [{"role": "user", "content": text}], reply, "The user tells me something. I answer kindly.")


def long_memory(rng):
    sample = memory(rng, rng.choice([6, 8, 10, 14, 20, 40]), small=False)
    sample.skill = "long memory"
    return sample


def back_reference(rng):
    """A question about the conversation itself."""
    messages = []
    base = [_other(rng, SMALL_TURNS) for _ in range(rng.randint(1, 3))]
    for turn in base:
        _turn(messages, turn.messages[-1]["content"], turn.answer)
    kind = rng.randrange(2)
    if kind == 0:
        question, answer = (
            rng.choice(["What was my first question?", "What did I say first?"]),
            base[0].messages[-1]["content"],
        )
        think = "I look at the first message of the user."
    else:
        question, answer = (
            rng.choice(["Repeat your last answer.", "Say that again.", "Can you repeat that?"]),
            base[-1].answer,
        )
        think = "I repeat my last answer."
    messages.append({"role": "user", "content": question})
    return Sample("memory", messages, answer, think, check=("exact", answer))
