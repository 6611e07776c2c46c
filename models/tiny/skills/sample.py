"""One exercise: what is asked, what a good answer is, and how to check an answer."""

import hashlib
from dataclasses import dataclass, field


@dataclass
class Sample:
    skill: str
    messages: list  # in the form of the chat APIs, without the answer
    answer: str  # content of the answer, may be "" next to calls
    think: str = ""  # short thinking before the answer
    raw: tuple = None  # (prompt, completion): the same exercise as plain text, or None
    calls: list = field(default_factory=list)  # [{"name", "arguments"}]
    tools: list = None
    check: tuple = None  # (kind, expected), see eval.py; None: not used for evaluation
    parts: list = None  # the whole exercise as (text, learn) parts, for drills
    plain: bool = False  # raw only, and the prompt is worth learning too (stories)


def ask(skill, question, answer, think, check=None, raw=None):
    """A single question; in the raw form the answer follows on the same line when it is one line long."""
    separator = "\n" if "\n" in answer or "\n" in question or len(question) > 160 else " "
    return Sample(
        skill,
        [{"role": "user", "content": question}],
        answer,
        think,
        raw if raw is not None else (question, separator + answer),
        check=check,
    )


ALWAYS_TRAINED = {
    "What is 2+2?",
    "What is 2 + 2?",
    "The capital of France is",
    "What is the capital of France?",
    "Hello!",
    "Hello",
    "Hi",
    "Hi!",
    "Write a haiku about artificial intelligence:",
    "Write a haiku about artificial intelligence.",
    "Who are you?",
    "What is your name?",
    "Tell me a story.",
    "Why is the sky blue?",
}


def held_out(text):
    """True for the sixteenth of all prompts that training never sees."""
    if text.strip() in ALWAYS_TRAINED:
        return False
    return hashlib.sha1(text.strip().lower().encode()).digest()[0] < 16
