"""How answers are judged: kind of check and expected value, as in eval.jsonl."""

import json
import re

CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.S)


def split_thinking(text):
    """(thinking or None, the rest)"""
    match = re.match(r"\s*<think>(.*?)</think>\s*", text, re.S)
    return (match.group(1).strip(), text[match.end() :]) if match else (None, text)


def parse_calls(text):
    """The tool calls in an answer; None if one is not well formed."""
    calls = []
    for body in CALL.findall(text):
        try:
            call = json.loads(body)
        except ValueError:
            return None
        if not isinstance(call, dict) or set(call) != {"name", "arguments"} or not isinstance(call["arguments"], dict):
            return None
        calls.append(call)
    return calls


def well_formed(text, tools):
    """True if there is at least one call, and each names an offered tool, its required arguments and no others."""
    offered = {t["function"]["name"]: t["function"]["parameters"] for t in tools}
    calls = parse_calls(split_thinking(text)[1])
    return bool(calls) and all(
        call["name"] in offered
        and set(offered[call["name"]].get("required", [])) <= set(call["arguments"])
        and set(call["arguments"]) <= set(offered[call["name"]]["properties"])
        for call in calls
    )


def judge(kind, expected, text, finished):
    """True if the answer is right; an answer that does not come to an end never is."""
    if not finished:
        return False
    answer = split_thinking(text)[1].strip()
    if kind == "exact":
        return answer == expected.strip()
    if kind == "contains":
        return expected.lower() in answer.lower()
    if kind == "starts":
        return answer.startswith(expected.strip())
    if kind == "ends":
        return answer.endswith(expected)
    if kind == "number":  # the last number of the answer
        found = re.findall(r"-?\d+", answer.replace("= -", "=-"))
        return bool(found) and found[-1] == expected
    if kind == "json":
        try:
            return json.loads(answer) == expected
        except ValueError:
            return False
    if kind == "calls":
        return parse_calls(answer) == expected
    if kind == "no call":
        return "<tool_call>" not in text and expected.lower() in answer.lower()
    if kind == "lines":
        lines = answer.split("\n")
        return len(lines) == int(expected) and all(len(line.split()) >= 2 for line in lines)
    if kind == "words":  # a story: several sentences with the wanted hero
        return expected in answer and answer.count(".") >= 4
    raise ValueError(f"unknown check {kind!r}")
