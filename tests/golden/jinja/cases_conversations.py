"""Conversations that every chat template of the golden vectors is rendered with."""


def tool(name, description, properties, required=(), **more):
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters, **more}}


WEATHER = tool(
    "get_weather",
    "Tells the weather at a place.\nDegrees are Celsius.",
    {"city": {"type": "string", "description": "the name of the city, for example \"Köln\""},
     "unit": {"type": "string", "enum": ["C", "F"], "description": "the unit"}},
    ["city"],
)
CALCULATE = tool("calculate", "Adds & multiplies: 1 < 2 > 0", {"expression": {"type": "string"}}, ["expression"])
NESTED = tool(
    "book",
    "Books a trip.",
    {"legs": {"type": "array", "items": {"type": "object", "properties": {"from": {"type": "string"}, "to": {"type": "string"},
                                                                         "hours": {"type": "number"}}}},
     "when": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "a DATE"},
     "seats": {"type": ["integer", "null"], "default": 1},
     "tags": {"type": "array"},
     "extra": {"type": "object"},
     "any": {}},
    ["legs", "when"],
    **{"return": {"type": "string"}},
)


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "system", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, identifier="abc123XYZ"):
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(text, identifier="abc123XYZ", **more):
    return {"role": "tool", "content": text, "tool_call_id": identifier, **more}


TOOL_ROUND = [
    user("How warm is it in Köln?"),
    assistant("", tool_calls=[call("get_weather", {"city": "Köln", "unit": "C"})]),
    result('{"degrees": 21.5}', name="get_weather"),
]
ASKED = [user("What is 2+2?")]

CONVERSATIONS = {
    "question": {"messages": ASKED},
    "question without prompt": {"messages": ASKED, "add_generation_prompt": False},
    "system": {"messages": [system("Be brief.")] + ASKED},
    "turns": {"messages": [user("Hi"), assistant("Hello!"), user("Who are you?"), assistant("A program."), user("Good.")]},
    "turns with system": {"messages": [system("  Be kind.\n"), user("Hi"), assistant(" Hello! "), user("Bye")]},
    "tools": {"messages": ASKED, "tools": [WEATHER, CALCULATE]},
    "tools and system": {"messages": [system("Use tools.")] + ASKED, "tools": [WEATHER]},
    "tools in the system turn": {"messages": [system("Use tools.")] + ASKED, "tools": [WEATHER], "tools_in_user_message": False},
    "nested tool": {"messages": ASKED, "tools": [NESTED]},
    "call and result": {"messages": TOOL_ROUND, "tools": [WEATHER]},
    "call and answer": {"messages": TOOL_ROUND + [assistant("It is 21.5 degrees.")], "tools": [WEATHER], "add_generation_prompt": False},
    "call without tools": {"messages": TOOL_ROUND},
    "call with text": {"messages": [user("Add."), assistant("I shall.", tool_calls=[call("calculate", {"expression": "1+1"})]), result("2")]},
    "call with null content": {"messages": [user("Add."), assistant(None, tool_calls=[call("calculate", {"expression": "1+1"})]), result("2")]},
    "call with text arguments": {"messages": [user("Add."), assistant(None, tool_calls=[call("calculate", "{\"expression\": \"1+1\"}")]), result("2")]},
    "two calls": {"messages": [
        user("Both!"),
        assistant(None, tool_calls=[call("get_weather", {"city": "Rome"}, "callAAAA1"), call("get_weather", {"city": "Oslo"}, "callAAAA2")]),
        result("sunny", "callAAAA1"), result("rain", "callAAAA2"), assistant("Sun and rain."), user("Thanks")], "tools": [WEATHER]},
    "two calls as text": {"messages": [
        user("Both!"),
        assistant(None, tool_calls=[call("a", "{}", "callAAAA1"), call("b", "{\"x\": [1, 2]}", "callAAAA2")]),
        result("1", "callAAAA1"), result("2", "callAAAA2")]},
    "short identifiers": {"messages": [user("x"), assistant(None, tool_calls=[call("a", {"k": 1}, "short")]), result("2", "short")]},
    "kinds of arguments": {"messages": [
        user("All"), assistant("", tool_calls=[call("f", {"z": 1, "a": [True, None, 1.5, "\"x\"\n"], "m": {"y": {}, "x": []}, "e": "it's"})])]},
    "thinking on": {"messages": ASKED, "enable_thinking": True},
    "thinking off": {"messages": ASKED, "enable_thinking": False},
    "thinking off with tools": {"messages": [system("/no_think Go.")] + TOOL_ROUND, "tools": [WEATHER], "enable_thinking": False},
    "earlier thoughts as text": {"messages": [user("1?"), assistant("<think>\nhm\n</think>\n\nOne."), user("2?"), assistant("<think>\n\n</think>\n\nTwo.")],
                                 "add_generation_prompt": False},
    "earlier thoughts as field": {"messages": [user("1?"), assistant("One.", reasoning_content="\nhm\n"), user("2?")]},
    "thoughts between calls": {"messages": [
        user("Q"), assistant("", reasoning_content="I need the weather.", tool_calls=[call("get_weather", {"city": "Rome"})]), result("sunny"),
        assistant("Sunny.", reasoning_content="Now I know.")], "tools": [WEATHER], "add_generation_prompt": False},
    "result as user": {"messages": [user("Q"), assistant("a"), user("<result>\n5\n</result>")]},
    "unicode": {"messages": [system("Ünïcödé ✓"), user("日本語で 👩‍👩‍👧 e\u0301 \u00a0x\u2028y"), assistant("はい。"), user("ÇŠ ß")]},
    "unicode tool": {"messages": ASKED, "tools": [tool("größe", "名前 \u2028 😀 </script> & 'x'", {"ä": {"type": "string"}})]},
    "empty content": {"messages": [user(""), assistant(""), user("")]},
    "blank content": {"messages": [system(" "), user(" \n x \n "), assistant("\n\n"), user("\t")]},
    "marks in content": {"messages": [user("{{ 1 }} {% raw %} {# x #} <|over|> \\n 'a' \"b\" <b>&amp;</b>")]},
    "null content": {"messages": [user("x"), assistant(None), user("y")]},
    "parts": {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is it? "}]}]},
    "parts in system": {"messages": [{"role": "system", "content": [{"type": "text", "text": "Look."}]},
                                     {"role": "user", "content": [{"type": "text", "text": "At this."}, {"type": "audio"}]}]},
    "number as content": {"messages": [{"role": "user", "content": 5}]},
    "no messages": {"messages": []},
    "system only": {"messages": [system("Alone.")]},
    "late system": {"messages": [user("x"), system("Now be strict."), user("y")]},
    "assistant first": {"messages": [assistant("Hi."), user("x")]},
    "two questions": {"messages": [user("x"), user("y")]},
    "unknown role": {"messages": [{"role": "developer", "content": "d"}, user("x")]},
    "ipython": {"messages": [user("x"), {"role": "ipython", "content": "out"}, {"role": "tool", "content": {"a": [1, "é"]}}]},
    "built-in tools": {"messages": [user("x"), assistant("", tool_calls=[call("search", {"query": "q", "lang": "en"})])],
                       "builtin_tools": ["search", "code_interpreter"]},
    "custom tools": {"messages": ASKED, "custom_tools": [CALCULATE]},
    "python tools": {"messages": ASKED, "python_tools": ["def f(): ...", "def g(x): ..."], "xml_tools": [{"name": "n", "ok": True, "none": None}]},
    "date": {"messages": ASKED, "date_string": "1 Jan 2000"},
    "override": {"messages": [system("Only this. /system_override"), user("x")]},
    "tools member": {"messages": [{"role": "system", "content": "s", "tools": "[{\"name\": \"f\"}]"}, user("x")]},
}
