#!/usr/bin/python3
"""Writes the golden vectors of the Jinja engine with Debian's python3-jinja2, set up as transformers sets it up.

Usage: /usr/bin/python3 make_golden.py     (writes expressions.json and conversations.json beside this file)
"""

import copy
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

from cases_conversations import CONVERSATIONS
from cases_expressions import CASES

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
NOW = datetime.datetime(2025, 3, 9, 4, 5, 6, 789)

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


class Generation(jinja2.ext.Extension):
    """{% generation %}...{% endgeneration %} prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment(mutable=False):
    kind = jinja2.sandbox.SandboxedEnvironment if mutable else jinja2.sandbox.ImmutableSandboxedEnvironment
    env = kind(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return env


def error_of(error):
    if isinstance(error, jinja2.exceptions.TemplateSyntaxError):
        return {"error": "syntax", "line": error.lineno}
    if isinstance(error, SyntaxError):  # found by Python in the code that Jinja made; the line is not the template's
        return {"error": "syntax"}
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, (jinja2.exceptions.UndefinedError, jinja2.exceptions.SecurityError)):
        kind = "undefined"
    elif type(error) is jinja2.exceptions.TemplateError:
        return {"error": "raised", "line": line, "message": str(error)}
    else:
        kind = "runtime"
    return {"error": kind, "line": line}


def outcome(env, source, variables):
    try:
        return {"text": env.from_string(source).render(**copy.deepcopy(variables))}
    except Exception as error:  # every failure is a result here
        return error_of(error)


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, indent=0).replace("\u2028", "\\u2028") + "\n"
    (HERE / name).write_text(text, encoding="utf-8")


def main():
    vectors = []
    for group, cases in CASES.items():
        for case in cases:
            source, variables = case if isinstance(case, tuple) else (case, {})
            mutable = group.startswith("changing")
            vector = {"group": group, "template": source, "variables": variables}
            vectors.append({**vector, **outcome(environment(mutable), source, variables)})
    write("expressions.json", vectors)

    templates = {path.stem: f"tests/golden/jinja/templates/{path.name}" for path in sorted((HERE / "templates").glob("*.jinja"))}
    templates["tiny"] = "models/tiny/chat_template.jinja"
    results = []
    env = environment()
    for template, path in templates.items():
        source = (ROOT / path).read_text(encoding="utf-8")
        for name, given in CONVERSATIONS.items():
            variables = {"tools": None, "documents": None, "add_generation_prompt": True, **TOKENS, **given}
            results.append({"template": template, "conversation": name, **outcome(env, source, variables)})
    write("conversations.json", {"templates": templates, "tokens": TOKENS, "conversations": CONVERSATIONS, "results": results})
    failed = sum("error" in each for each in vectors), sum("error" in each for each in results)
    print(f"{len(vectors)} cases ({failed[0]} errors), {len(results)} renderings ({failed[1]} errors)")


main()
