"""The conversation format of chat_template.jinja in plain Python (check.py shows that both agree)."""

import json

OPEN, CLOSE = "<|im_start|>", "<|im_end|>"
NO_THINKING = "<think>\n\n</think>\n\n"


def to_json(value):
    return json.dumps(value, ensure_ascii=False)


def render_call(call):
    call = call.get("function", call)
    arguments = call["arguments"]
    arguments = arguments if isinstance(arguments, str) else to_json(arguments)
    return f'<tool_call>\n{{"name": "{call["name"]}", "arguments": {arguments}}}\n</tool_call>'


def _system(messages, tools):
    system = messages[0]["content"] if messages and messages[0]["role"] == "system" else None
    if not tools:
        return "" if system is None else f"{OPEN}system\n{system}{CLOSE}\n"
    lines = "".join("\n" + to_json(tool) for tool in tools)
    return (
        f"{OPEN}system\n"
        + ("" if system is None else system + "\n\n")
        + f"# Tools\n\nThese functions can be called when they help, one signature per line:\n<tools>{lines}\n</tools>\n\n"
        + 'A call is written as JSON with name and arguments:\n<tool_call>\n{"name": <name>, "arguments": <object>}\n</tool_call>'
        + f"{CLOSE}\n"
    )


def segments(messages, tools=None, enable_thinking=None, add_generation_prompt=True):
    """[(text, is a past answer)]: the whole rendering is the joined texts."""
    question = max(
        (
            i
            for i, m in enumerate(messages)
            if m["role"] == "user"
            and not (m["content"].startswith("<tool_response>") and m["content"].endswith("</tool_response>"))
        ),
        default=len(messages) - 1,
    )
    parts = [(_system(messages, tools), False)]
    for i, message in enumerate(messages):
        role, content = message["role"], message.get("content") or ""
        if role == "user" or role == "system" and i > 0:
            parts.append((f"{OPEN}{role}\n{content}{CLOSE}\n", False))
        elif role == "assistant":
            thoughts = message.get("reasoning_content") or ""
            if not thoughts and "</think>" in content:
                thoughts = content.split("</think>")[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
                content = content.split("</think>")[-1].lstrip("\n")
            parts.append((f"{OPEN}assistant\n", False))
            text = content
            if i > question and (i == len(messages) - 1 or thoughts):
                text = "<think>\n" + thoughts.strip("\n") + "\n</think>\n\n" + content.lstrip("\n")
            for n, call in enumerate(message.get("tool_calls") or []):
                text += ("\n" if n or content else "") + render_call(call)
            parts += [(text + CLOSE, True), ("\n", False)]
        elif role == "tool":
            text = f"\n<tool_response>\n{content}\n</tool_response>"
            if i == 0 or messages[i - 1]["role"] != "tool":
                text = f"{OPEN}user" + text
            if i == len(messages) - 1 or messages[i + 1]["role"] != "tool":
                text += f"{CLOSE}\n"
            parts.append((text, False))
    if add_generation_prompt:
        parts.append((f"{OPEN}assistant\n" + (NO_THINKING if enable_thinking is False else ""), False))
    return parts


def render(messages, tools=None, enable_thinking=None, add_generation_prompt=True):
    return "".join(text for text, _ in segments(messages, tools, enable_thinking, add_generation_prompt))


def answer_text(sample, thinking):
    """What the model writes after the generation prompt, with the closing token."""
    text = sample.answer
    for n, call in enumerate(sample.calls):
        text += ("\n" if n or text else "") + render_call(call)
    return (f"<think>\n{sample.think}\n</think>\n\n" if thinking else "") + text + CLOSE
