"""Tool calls: choosing from a list, filling arguments, using results, and not calling when nothing fits."""

import json

from .knowledge import capital, sum_small
from .language import greeting, identity
from .sample import Sample
from .words import city, invented, name, noun


def _weather(rng):
    place = city(rng)
    return (
        {"city": place},
        rng.choice(
            [
                f"What is the weather in {place}?",
                f"What's the weather like in {place}?",
                f"How is the weather in {place} today?",
                f"Weather in {place}?",
                f"Is it raining in {place}?",
                f"Tell me the weather in {place}.",
                f"Will it be sunny in {place} today?",
                f"How warm is it in {place}?",
                f"Please check the weather for {place}.",
                f"What is the temperature in {place}?",
                f"weather {place}",
                f"Do I need an umbrella in {place}?",
            ]
        ),
    )


def _time(rng):
    place = city(rng)
    return (
        {"city": place},
        rng.choice(
            [
                f"What time is it in {place}?",
                f"What is the time in {place}?",
                f"Tell me the current time in {place}.",
                f"How late is it in {place}?",
                f"What's the time in {place} now?",
                f"Please tell me the time in {place}.",
                f"time in {place}?",
                f"Current time in {place}, please.",
            ]
        ),
    )


def _calculator(rng):
    a, b, op = rng.randint(2, 999), rng.randint(2, 999), rng.choice("+-*/")
    e = f"{a} {op} {b}" if rng.random() < 0.7 else f"{a}{op}{b}"
    return (
        {"expression": e},
        rng.choice(
            [
                f"What is {e}?",
                f"Calculate {e}.",
                f"Compute {e}",
                f"How much is {e}?",
                f"Please calculate {e} for me.",
                f"Use the calculator: {e}",
                f"What does {e} equal?",
                f"{e}",
            ]
        ),
    )


def _search(rng):
    topic = rng.choice(
        [
            f"{noun(rng)} {noun(rng)}",
            f"history of {city(rng)}",
            f"news about {city(rng)}",
            f"best {noun(rng)}",
            invented(rng),
        ]
    )
    return (
        {"query": topic},
        rng.choice(
            [
                f"Search the web for {topic}.",
                f"Search for {topic}.",
                f"Look up {topic} on the web.",
                f"Find pages about {topic}.",
                f"Can you search for {topic}?",
            ]
        ),
    )


def _email(rng):
    who, text = name(rng), rng.choice(
        [
            "I will be late",
            "see you tomorrow",
            "thank you",
            "the meeting is at nine",
            "please call me",
            "happy birthday",
            f"I found the {noun(rng)}",
        ]
    )
    return (
        {"to": who, "text": text},
        rng.choice(
            [
                f"Send an email to {who}: {text}",
                f"Write {who} an email saying: {text}",
                f"Please email {who} this: {text}",
            ]
        ),
    )


def _alarm(rng):
    t = f"{rng.randint(0, 23):02d}:{rng.choice([0, 5, 10, 15, 30, 45]):02d}"
    return (
        {"time": t},
        rng.choice(
            [f"Set an alarm for {t}.", f"Wake me up at {t}.", f"Please set the alarm to {t}.", f"Alarm at {t}, please."]
        ),
    )


def _music(rng):
    song = rng.choice([f"{noun(rng)} {noun(rng)}", f"song of {name(rng)}", invented(rng)])
    return (
        {"song": song},
        rng.choice([f"Play the song {song}.", f"Play {song}.", f"I want to hear {song}.", f"Please play {song}."]),
    )


def _light(rng):
    room, state = rng.choice(["kitchen", "bedroom", "office", "garage", "hall", "bathroom", "garden"]), rng.choice(
        ["on", "off"]
    )
    return (
        {"room": room, "state": state},
        rng.choice(
            [
                f"Turn {state} the light in the {room}.",
                f"Switch the {room} light {state}.",
                f"Please turn the light in the {room} {state}.",
                f"{room} light {state}",
            ]
        ),
    )


def _stock(rng):
    symbol = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(2, 4)))
    return (
        {"symbol": symbol},
        rng.choice(
            [
                f"What is the stock price of {symbol}?",
                f"How is the {symbol} stock doing?",
                f"Stock price {symbol}?",
                f"Get the price of the {symbol} share.",
            ]
        ),
    )


def _currency(rng):
    amount, a, b = rng.randint(1, 900), *rng.sample(["EUR", "USD", "GBP", "JPY", "CHF", "CNY"], 2)
    return (
        {"amount": amount, "source": a, "target": b},
        rng.choice(
            [f"Convert {amount} {a} to {b}.", f"How much is {amount} {a} in {b}?", f"Change {amount} {a} into {b}."]
        ),
    )


# intent: (make, names, descriptions, {argument: names it may have}, {argument: description}, thinking)
INTENTS = {
    "weather": (
        _weather,
        ["get_weather", "get_current_weather", "weather", "fetch_weather", "weather_report"],
        [
            "Get the current weather for a city",
            "Get the weather in a given city",
            "Current weather of a place",
            "Returns the weather for a location",
        ],
        {"city": ["city", "location", "place", "town"]},
        "the weather",
    ),
    "time": (
        _time,
        ["get_time", "get_current_time", "clock", "current_time", "time_in_city"],
        [
            "Get the current time in a city",
            "Tells what time it is in a city",
            "Current time of a place",
            "Get the local time",
        ],
        {"city": ["city", "location", "place", "timezone"]},
        "the time",
    ),
    "calculator": (
        _calculator,
        ["calculator", "calculate", "math", "evaluate", "compute"],
        [
            "Evaluate an arithmetic expression",
            "Calculate the result of an expression",
            "A calculator for sums and products",
            "Do math",
        ],
        {"expression": ["expression", "formula", "input", "expr"]},
        "a calculation",
    ),
    "search": (
        _search,
        ["search", "web_search", "search_web", "find_pages"],
        ["Search the web", "Find web pages for a query", "Look something up on the internet"],
        {"query": ["query", "q", "text", "topic"]},
        "a web search",
    ),
    "email": (
        _email,
        ["send_email", "email", "write_mail", "send_mail"],
        ["Send an email to a person", "Write an email"],
        {"to": ["to", "recipient", "person"], "text": ["text", "body", "message"]},
        "an email",
    ),
    "alarm": (
        _alarm,
        ["set_alarm", "alarm", "wake_me", "alarm_clock"],
        ["Set an alarm", "Set the alarm clock to a time"],
        {"time": ["time", "at", "hour"]},
        "an alarm",
    ),
    "music": (
        _music,
        ["play_music", "play_song", "music", "start_song"],
        ["Play a song", "Play music"],
        {"song": ["song", "title", "track"]},
        "music",
    ),
    "light": (
        _light,
        ["set_light", "switch_light", "light", "lamp_control"],
        ["Turn a light on or off", "Control the lights of a room"],
        {"room": ["room", "area", "where"], "state": ["state", "value", "mode"]},
        "a light",
    ),
    "stock": (
        _stock,
        ["get_stock_price", "stock_price", "quote", "share_price"],
        ["Get the price of a stock", "Current share price of a company"],
        {"symbol": ["symbol", "ticker", "stock"]},
        "a stock price",
    ),
    "currency": (
        _currency,
        ["convert_currency", "exchange", "currency", "convert_money"],
        ["Convert money from one currency to another", "Currency exchange"],
        {
            "amount": ["amount", "value"],
            "source": ["source", "from", "from_currency"],
            "target": ["target", "to", "to_currency"],
        },
        "a currency conversion",
    ),
}
WEIGHTS = {"weather": 5, "time": 4, "calculator": 4}
ARGUMENT_TEXTS = {
    "city": ["The city", "The name of the city", "City name, for example Paris", "Where"],
    "expression": ["The expression", "For example 2 + 2"],
    "query": ["What to search for"],
    "to": ["Who gets it"],
    "text": ["What to say"],
    "time": ["Time as HH:MM"],
    "song": ["The song"],
    "room": ["The room"],
    "state": ["on or off"],
    "symbol": ["Stock symbol"],
    "amount": ["How much"],
    "source": ["From"],
    "target": ["To"],
}


def _tool_name(rng, names):
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(names)
    if kind < 0.75:
        return f"{invented(rng)}_{rng.choice(names)}" if rng.random() < 0.5 else f"{rng.choice(names)}_{invented(rng)}"
    return rng.choice(
        [
            f"{invented(rng)}_{invented(rng)}",
            invented(rng),
            f"{invented(rng)}{rng.randint(1, 99)}",
            f"tool_{rng.randint(1, 99)}",
            invented(rng) + invented(rng).capitalize(),
        ]
    )


def make_tool(rng, intent):
    """(definition in the form of the chat APIs, {argument: its name in this definition})"""
    _, names, descriptions, arguments, _ = INTENTS[intent]
    renamed = {
        argument: rng.choice(choices) if rng.random() < 0.8 else invented(rng)
        for argument, choices in arguments.items()
    }
    if len(set(renamed.values())) < len(renamed):
        renamed = {a: a for a in renamed}
    properties = {}
    for argument, new in renamed.items():
        schema = {"type": "integer" if argument == "amount" else "string"}
        if rng.random() < 0.7:
            schema["description"] = rng.choice(ARGUMENT_TEXTS[argument])
        if argument == "state" and rng.random() < 0.5:
            schema["enum"] = ["on", "off"]
        properties[new] = schema
    if intent == "weather" and rng.random() < 0.25:  # an optional argument that nobody asks for
        properties["unit"] = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    parameters = {"type": "object", "properties": properties}
    if rng.random() < 0.8:
        required = list(renamed.values())
        parameters = (
            {"type": "object", "required": required, "properties": properties}
            if rng.random() < 0.4
            else {**parameters, "required": required}
        )
    function = {"name": _tool_name(rng, names), "description": rng.choice(descriptions), "parameters": parameters}
    return {"type": "function", "function": function}, renamed


def _pick(rng, count, first=None):
    chosen = [first] if first else []
    while len(chosen) < count:
        intent = rng.choices(list(INTENTS), [WEIGHTS.get(i, 1) for i in INTENTS])[0]
        if intent not in chosen:
            chosen.append(intent)
    rng.shuffle(chosen)
    return chosen


def _offer(rng, intents):
    while True:
        made = {intent: make_tool(rng, intent) for intent in intents}
        if len({t["function"]["name"] for t, _ in made.values()}) == len(made):
            return [t for t, _ in made.values()], made


def _call(made, intent, arguments):
    definition, renamed = made[intent]
    return {"name": definition["function"]["name"], "arguments": {renamed[k]: v for k, v in arguments.items()}}


def tool_call(rng):
    wanted = _pick(rng, 1)[0]
    tools, made = _offer(rng, _pick(rng, rng.choice([1, 1, 2, 2, 3, 3, 4]), wanted))
    arguments, question = INTENTS[wanted][0](rng)
    calls = [_call(made, wanted, arguments)]
    if wanted in ("weather", "time") and rng.random() < 0.12:
        other = next(c for c in iter(lambda: city(rng), None) if c != arguments["city"])
        question = rng.choice(
            [
                f"What is the {wanted} in {arguments['city']} and in {other}?",
                f"Tell me the {wanted} in {arguments['city']} and {other}.",
                f"Compare the {wanted} in {arguments['city']} and {other}.",
            ]
        )
        calls.append(_call(made, wanted, {"city": other}))
    think = f"The user asks for {INTENTS[wanted][4]}. I use {calls[0]['name']}."
    return Sample(
        "tool call",
        [{"role": "user", "content": question}],
        "",
        think,
        calls=calls,
        tools=tools,
        check=("calls", calls),
    )


def no_tool(rng):
    """Tools are offered, but the question needs none of them, or one that is not there."""
    if rng.random() < 0.55:
        base = rng.choice([greeting, identity, capital, sum_small])(rng)
        tools, _ = _offer(rng, [i for i in _pick(rng, rng.randint(1, 3)) if i != "calculator"] or ["weather"])
        return Sample(
            "no tool call",
            base.messages,
            base.answer,
            "No tool is needed. " + base.think,
            tools=tools,
            check=("no call", base.check[1] if base.check else ""),
        )
    wanted = rng.choice(["weather", "time", "search", "email", "alarm", "music", "light", "stock", "currency"])
    offered = [i for i in _pick(rng, rng.randint(1, 3)) if i != wanted and not (wanted == "search")] or ["calculator"]
    tools, _ = _offer(rng, offered)
    question = INTENTS[wanted][0](rng)[1]
    return Sample(
        "no tool call",
        [{"role": "user", "content": question}],
        "I am sorry, I have no tool for that.",
        f"The user asks for {INTENTS[wanted][4]}. No tool fits.",
        tools=tools,
        check=("no call", "no tool for that"),
    )


def _result(rng, intent, arguments):
    """(content of the tool message, answer, what the answer must contain)"""
    place = arguments.get("city")
    if intent == "weather":
        degrees, sky = rng.randint(-15, 40), rng.choice(
            ["sunny", "cloudy", "rainy", "windy", "foggy", "clear", "snowy"]
        )
        content = rng.choice(
            [
                json.dumps(
                    {
                        rng.choice(["temperature", "temp", "temperature_c"]): degrees,
                        rng.choice(["condition", "weather", "sky"]): sky,
                    }
                ),
                json.dumps({"city": place, "temperature": degrees, "condition": sky}),
                f"{degrees} degrees, {sky}",
                f"{sky}, {degrees} C",
                f"{degrees}°C and {sky}",
                json.dumps({"result": f"{sky}, {degrees} degrees"}),
            ]
        )
        return content, f"It is {degrees} degrees and {sky} in {place}.", str(degrees)
    if intent == "time":
        t = f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
        content = rng.choice(
            [t, json.dumps({"time": t}), json.dumps({"city": place, "time": t}), json.dumps({"current_time": t})]
        )
        return content, f"It is {t} in {place}.", t
    if intent == "calculator":
        value = str(rng.randint(0, 99999))
        content = rng.choice([value, json.dumps({"result": int(value)}), f"= {value}"])
        return content, f"{arguments['expression']} = {value}.", value
    if intent == "stock":
        value = rng.randint(1, 900)
        return (
            rng.choice([str(value), json.dumps({"price": value})]),
            f"The price of {arguments['symbol']} is {value}.",
            str(value),
        )
    if intent == "currency":
        value = rng.randint(1, 9000)
        return (
            rng.choice([str(value), json.dumps({"result": value})]),
            f"{arguments['amount']} {arguments['source']} are {value} {arguments['target']}.",
            str(value),
        )
    if intent == "search":
        found = f"{noun(rng)} {noun(rng)} {noun(rng)}"
        return rng.choice([found, json.dumps({"result": found})]), f"I found this: {found}.", found
    done = {
        "email": "I have sent the email to {to}.",
        "alarm": "The alarm is set for {time}.",
        "music": "I am playing {song}.",
        "light": "The light in the {room} is now {state}.",
    }[intent].format(**arguments)
    return rng.choice(["ok", "done", json.dumps({"status": "ok"}), json.dumps({"success": True})]), done, done


def tool_result(rng):
    wanted = _pick(rng, 1)[0]
    tools, made = _offer(rng, _pick(rng, rng.choice([1, 1, 2, 3]), wanted))
    arguments, question = INTENTS[wanted][0](rng)
    call = _call(made, wanted, arguments)
    think = "The tool has answered. I tell the user."
    assistant = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": call}]}
    if rng.random() < 0.3:
        assistant["reasoning_content"] = f"The user asks for {INTENTS[wanted][4]}. I use {call['name']}."
    if rng.random() < 0.08:
        content, answer, key = rng.choice(
            [
                ("error: not found", "I am sorry, the tool did not find that.", "did not find"),
                (json.dumps({"error": "timeout"}), "I am sorry, the tool reported an error: timeout.", "timeout"),
            ]
        )
    else:
        content, answer, key = _result(rng, wanted, arguments)
    messages = [{"role": "user", "content": question}, assistant, {"role": "tool", "content": content}]
    return Sample("tool result", messages, answer, think, tools=tools, check=("contains", key))
