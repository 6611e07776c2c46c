"""Arithmetic, capitals, colours, days and months, opposites."""

from .sample import ask
from .words import CAPITALS, DAYS, MONTHS, MONTH_DAYS, NUMBER_WORDS, ORDINALS, article, join

SUM_FORMS = [
    "What is {a}+{b}?",
    "What is {a} + {b}?",
    "{a}+{b}",
    "{a} + {b}",
    "{a} + {b} = ?",
    "{a}+{b}=?",
    "What's {a}+{b}?",
    "what is {a} + {b}",
    "What is {a} plus {b}?",
    "what's {a} plus {b}?",
    "{a} plus {b}",
    "Add {a} and {b}.",
    "Calculate {a} + {b}.",
    "Compute {a}+{b}",
    "How much is {a} + {b}?",
    "How much is {a} plus {b}?",
    "What is the sum of {a} and {b}?",
    "Please add {a} and {b}.",
    "Can you tell me what {a} + {b} is?",
    "Tell me {a} + {b}.",
    "Solve: {a} + {b}",
    "What do you get when you add {a} and {b}?",
    "what is {a}+{b}",
    "I have {a} apples and get {b} more. How many apples do I have?",
    "Hey, what is {a}+{b}?",
    "sum of {a} and {b}",
    "There are {a} birds in a tree and {b} more come. How many birds are there now?",
    "What does {a} + {b} equal?",
]
SUM_WORD_FORMS = ["What is {a} plus {b}?", "How much is {a} plus {b}?", "Add {a} and {b}.", "{a} plus {b}?"]


def _sum_thinking(a, b):
    if a < 10 and b < 10 or a % 10 + b % 10 < 10 or not a or not b:
        return f"{a} + {b} is a sum. {a} + {b} = {a + b}."
    step = 10 - a % 10
    return (
        f"{a} + {b} is a sum. {a} + {step} = {a + step}. {b} - {step} = {b - step}. {a + step} + {b - step} = {a + b}."
    )


def sum_small(rng):
    a, b = rng.randint(0, 20), rng.randint(0, 20)
    think, answer, check = _sum_thinking(a, b), f"{a} + {b} = {a + b}.", ("number", str(a + b))
    kind = rng.random()
    if kind < 0.08:
        question = rng.choice(SUM_WORD_FORMS).format(a=NUMBER_WORDS[a], b=NUMBER_WORDS[b])
        return ask("sum", question, answer, think, check)
    question = rng.choice(SUM_FORMS).format(a=a, b=b)
    if kind < 0.13:
        return ask("sum", question + " Answer with just the number.", str(a + b), think, check)
    if kind < 0.25:
        stem = rng.choice([f"{a} + {b} =", f"{a}+{b}=", f"The sum of {a} and {b} is", f"{a} plus {b} is"])
        completion = f"{a + b}." if stem == f"{a}+{b}=" else f" {a + b}."
        return ask("sum", stem, answer, think, check, raw=(stem, completion))
    return ask("sum", question, answer, think, check)


def sum_large(rng):
    a, b = rng.randint(0, 99), rng.randint(0, 99)
    question = rng.choice(SUM_FORMS).format(a=a, b=b)
    return ask("sum up to 99", question, f"{a} + {b} = {a + b}.", _sum_thinking(a, b), ("number", str(a + b)))


def sum_three(rng):
    a, b, c = (rng.randint(1, 9) for _ in range(3))
    question = rng.choice(
        ["What is {a}+{b}+{c}?", "{a} + {b} + {c}", "What is {a} + {b} + {c}?", "Add {a}, {b} and {c}."]
    )
    answer = f"{a} + {b} + {c} = {a + b + c}."
    return ask(
        "sum of three",
        question.format(a=a, b=b, c=c),
        answer,
        f"{a} + {b} = {a + b}. {a + b} + {c} = {a + b + c}.",
        ("number", str(a + b + c)),
    )


def difference(rng):
    a, b = rng.randint(0, 20), rng.randint(0, 20)
    a, b = max(a, b), min(a, b)
    question = rng.choice(
        [
            "What is {a}-{b}?",
            "What is {a} - {b}?",
            "{a}-{b}",
            "{a} - {b}",
            "What is {a} minus {b}?",
            "{a} minus {b}",
            "How much is {a} - {b}?",
            "Subtract {b} from {a}.",
            "Calculate {a} - {b}.",
            "{a} - {b} = ?",
            "I have {a} coins and lose {b}. How many coins are left?",
            "Take {b} away from {a}.",
            "what's {a}-{b}?",
            "What is the difference between {a} and {b}?",
        ]
    ).format(a=a, b=b)
    return ask(
        "difference",
        question,
        f"{a} - {b} = {a - b}.",
        f"{a} - {b} is a difference. {a} - {b} = {a - b}.",
        ("number", str(a - b)),
    )


def product(rng):
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    question = rng.choice(
        [
            "What is {a}*{b}?",
            "What is {a} * {b}?",
            "What is {a} x {b}?",
            "{a}*{b}",
            "{a} x {b}",
            "{a} times {b}",
            "What is {a} times {b}?",
            "Multiply {a} by {b}.",
            "Calculate {a} * {b}.",
            "How much is {a} times {b}?",
            "What is the product of {a} and {b}?",
            "{a} * {b} = ?",
        ]
    ).format(a=a, b=b)
    return ask(
        "product",
        question,
        f"{a} x {b} = {a * b}.",
        f"{a} x {b} is a product. {a} x {b} = {a * b}.",
        ("number", str(a * b)),
    )


def comparison(rng):
    top = rng.choice([10, 20, 100])
    a, b = rng.sample(range(top + 1), 2)
    if rng.random() < 0.5:
        big = rng.random() < 0.5
        word = rng.choice(["larger", "bigger", "greater"]) if big else rng.choice(["smaller", "less"])
        result = max(a, b) if big else min(a, b)
        question = rng.choice(
            ["Which is {w}, {a} or {b}?", "Which number is {w}: {a} or {b}?", "What is {w}, {a} or {b}?"]
        )
        other = min(a, b) if big else max(a, b)
        word = "larger" if big else "smaller"
        return ask(
            "comparison",
            question.format(w=word, a=a, b=b),
            f"{result} is {word} than {other}.",
            f"Compare {a} and {b}. {max(a, b)} is larger.",
            ("starts", str(result) + " "),
        )
    question = rng.choice(
        ["Is {a} larger than {b}?", "Is {a} greater than {b}?", "Is {a} > {b}?", "Is {a} bigger than {b}?"]
    )
    answer = f"Yes, {a} is larger than {b}." if a > b else f"No, {a} is smaller than {b}."
    return ask(
        "comparison",
        question.format(a=a, b=b),
        answer,
        f"Compare {a} and {b}. {max(a, b)} is larger.",
        ("starts", "Yes" if a > b else "No"),
    )


def numbers(rng):
    kind = rng.randrange(4)
    if kind == 0:
        n = rng.randint(0, 99)
        word = "even" if n % 2 == 0 else "odd"
        question = rng.choice(["Is {n} even or odd?", "Is {n} an even or an odd number?", "Even or odd: {n}"]).format(
            n=n
        )
        return ask(
            "numbers",
            question,
            f"{n} is {word}.",
            f"The last digit of {n} is {n % 10}, so it is {word}.",
            ("contains", word),
        )
    if kind == 1:
        n, after = rng.randint(1, 99), rng.random() < 0.5
        word = "after" if after else "before"
        result = n + 1 if after else n - 1
        question = rng.choice(
            ["What number comes {w} {n}?", "Which number comes {w} {n}?", "What comes {w} {n}?"]
        ).format(w=word, n=n)
        return ask(
            "numbers",
            question,
            f"{result} comes {word} {n}.",
            f"I count: {min(n, result)}, {max(n, result)}.",
            ("starts", f"{result} "),
        )
    if kind == 2:
        end = rng.randint(3, 20)
        counted = ", ".join(str(i) for i in range(1, end + 1))
        question = rng.choice(
            ["Count to {n}.", "Count from 1 to {n}.", "Please count to {n}.", "Can you count to {n}?"]
        ).format(n=end)
        return ask("numbers", question, counted + ".", f"I count from 1 up to {end}.", ("contains", counted))
    start, step = rng.randint(1, 12), rng.choice([1, 2, 2, 3, 5, 10])
    row = [start + step * i for i in range(5)]
    shown = ", ".join(str(v) for v in row[:4])
    question = rng.choice(["Continue: {s}", "What comes next: {s}?", "Which number is next? {s}", "{s}, ..."]).format(
        s=shown
    )
    return ask(
        "numbers",
        question,
        f"{row[4]}.",
        f"Each number is {step} more than the one before. {row[3]} + {step} = {row[4]}.",
        ("number", str(row[4])),
    )


CAPITAL_FORMS = [
    "What is the capital of {c}?",
    "What's the capital of {c}?",
    "what is the capital of {c}",
    "Capital of {c}?",
    "capital of {c}",
    "Which city is the capital of {c}?",
    "Name the capital of {c}.",
    "Tell me the capital of {c}.",
    "Do you know the capital of {c}?",
    "What is {c}'s capital?",
    "Can you tell me the capital of {c}?",
    "Please name the capital city of {c}.",
    "What is the capital city of {c}?",
    "The capital of {c} is what?",
    "Hi! What is the capital of {c}?",
    "I forgot the capital of {c}. What is it?",
    "Which city is {c}'s capital?",
]
CAPITAL_STEMS = [
    "The capital of {c} is",
    "The capital city of {c} is",
    "{c}'s capital is",
    "In {c}, the capital is",
    "Q: What is the capital of {c}?\nA:",
]


def capital(rng):
    country = rng.choice(list(CAPITALS))
    city = CAPITALS[country]
    think = f"The question is about {country}. Its capital is {city}."
    sentence = f"The capital of {country} is {city}."
    if rng.random() < 0.3:
        stem = rng.choice(CAPITAL_STEMS).format(c=country)
        stem = stem[0].upper() + stem[1:]
        answer = sentence
        return ask("capital", stem, answer, think, ("contains", city), raw=(stem, f" {city}."))
    form = rng.choice(CAPITAL_FORMS)
    question = form.format(c=country)
    if rng.random() < 0.1:
        return ask(
            "capital",
            question + rng.choice([" Answer in one word.", " Just the name.", " One word."]),
            f"{city}.",
            think,
            ("contains", city),
        )
    return ask("capital", question, sentence, think, ("contains", city))


def country_of(rng):
    country = rng.choice([c for c in CAPITALS if c != "the United Kingdom"])
    city = CAPITALS[country]
    question = rng.choice(
        [
            "{x} is the capital of which country?",
            "Which country has the capital {x}?",
            "Of which country is {x} the capital?",
            "What country is {x} the capital of?",
        ]
    ).format(x=city)
    return ask(
        "country of a capital",
        question,
        f"{city} is the capital of {country}.",
        f"The question is about {city}. It is the capital of {country}.",
        ("contains", country),
    )


THING_COLOURS = {
    "the sky": "blue",
    "grass": "green",
    "snow": "white",
    "a banana": "yellow",
    "a lemon": "yellow",
    "coal": "black",
    "blood": "red",
    "a carrot": "orange",
    "chocolate": "brown",
    "the sea": "blue",
    "a tomato": "red",
    "milk": "white",
    "an elephant": "grey",
    "a frog": "green",
    "the sun": "yellow",
    "a strawberry": "red",
    "a leaf in summer": "green",
    "a flamingo": "pink",
    "an orange": "orange",
    "salt": "white",
    "a ripe cherry": "red",
    "a pumpkin": "orange",
    "a raven": "black",
    "a cucumber": "green",
    "a fire engine": "red",
    "a plum": "purple",
    "a polar bear": "white",
    "a cloud": "white",
    "the night sky": "black",
    "a lime": "green",
    "cocoa": "brown",
    "a sunflower": "yellow",
}
MIXES = {
    ("red", "yellow"): "orange",
    ("blue", "yellow"): "green",
    ("red", "blue"): "purple",
    ("red", "white"): "pink",
    ("black", "white"): "grey",
}


def colour(rng):
    word = rng.choice(["colour", "color"])
    if rng.random() < 0.3:
        pair, result = rng.choice(list(MIXES.items()))
        a, b = rng.sample(pair, 2)
        question = rng.choice(
            [
                f"What {word} do you get when you mix {{a}} and {{b}}?",
                f"Which {word} do {{a}} and {{b}} make?",
                "Mix {a} and {b}. What do you get?",
                "What do {a} and {b} make?",
            ]
        ).format(a=a, b=b)
        return ask(
            "colour",
            question,
            f"{a.capitalize()} and {b} make {result}.",
            f"Mixing {a} and {b} gives {result}.",
            ("contains", result),
        )
    thing = rng.choice(list(THING_COLOURS))
    result = THING_COLOURS[thing]
    think = f"The question is about {thing}. It is {result}."
    if rng.random() < 0.2:
        stem = rng.choice([f"The {word} of {thing} is", f"{thing[0].upper() + thing[1:]} is usually"])
        return ask(
            "colour",
            stem,
            f"{thing[0].upper() + thing[1:]} is {result}.",
            think,
            ("contains", result),
            raw=(stem, f" {result}."),
        )
    question = rng.choice(
        [
            f"What {word} is {{t}}?",
            f"Which {word} is {{t}}?",
            f"What is the {word} of {{t}}?",
            f"Tell me the {word} of {{t}}.",
            f"What {word} does {{t}} have?",
            f"what {word} is {{t}}",
        ]
    ).format(t=thing)
    return ask("colour", question, f"{thing[0].upper() + thing[1:]} is {result}.", think, ("contains", result))


def calendar(rng):
    days = rng.random() < 0.5
    names, unit = (DAYS, "day") if days else (MONTHS, "month")
    i, n = rng.randrange(len(names)), len(names)
    kind = rng.randrange(6)
    if kind <= 1:
        after = kind == 0
        result = names[(i + (1 if after else -1)) % n]
        w = "after" if after else "before"
        question = rng.choice(
            [
                "What {u} comes {w} {x}?",
                "Which {u} comes {w} {x}?",
                "What {u} is {w} {x}?",
                "Which {u} is {w} {x}?",
                "Name the {u} {w} {x}.",
                "{x}: which {u} comes {w} it?",
            ]
        )
        first, second = (names[i], result) if after else (result, names[i])
        return ask(
            "calendar",
            question.format(u=unit, w=w, x=names[i]),
            f"{result} comes {w} {names[i]}.",
            f"The order is {first}, {second}.",
            ("starts", result),
        )
    if kind == 2:
        if days:
            question = rng.choice(
                [
                    "Name the days of the week.",
                    "What are the days of the week?",
                    "List the days of the week.",
                    "List all seven days of the week.",
                    "Which days does a week have?",
                    "Write down the weekdays in order.",
                ]
            )
            return ask(
                "calendar",
                question,
                f"The days of the week are {join(DAYS)}.",
                "A week has seven days. I name them in order.",
                ("contains", join(DAYS)),
            )
        question = rng.choice(
            [
                "Name the months of the year.",
                "What are the months of the year?",
                "List the twelve months.",
                "List all months of the year in order.",
                "Which months does a year have?",
            ]
        )
        return ask(
            "calendar",
            question,
            f"The months of the year are {join(MONTHS)}.",
            "A year has twelve months. I name them in order.",
            ("contains", join(MONTHS)),
        )
    if kind == 3:
        question = rng.choice(
            ["What is the {o} {u} of the {p}?", "Which {u} is the {o} of the {p}?", "Name the {o} {u} of the {p}."]
        )
        period = "week" if days else "year"
        return ask(
            "calendar",
            question.format(o=ORDINALS[i], u=unit, p=period),
            f"The {ORDINALS[i]} {unit} of the {period} is {names[i]}.",
            f"{names[i]} is {unit} number {i + 1}.",
            ("contains", names[i]),
        )
    if kind == 4:
        if days:
            other = names[(i + 1) % n]
            question = rng.choice(["Today is {x}. What day is tomorrow?", "If today is {x}, what day is it tomorrow?"])
            if rng.random() < 0.5:
                other = names[(i - 1) % n]
                question = rng.choice(
                    ["Today is {x}. What day was yesterday?", "If today is {x}, what day was yesterday?"]
                )
                return ask(
                    "calendar",
                    question.format(x=names[i]),
                    f"Yesterday was {other}.",
                    f"The order is {other}, {names[i]}.",
                    ("contains", other),
                )
            return ask(
                "calendar",
                question.format(x=names[i]),
                f"Tomorrow is {other}.",
                f"The order is {names[i]}, {other}.",
                ("contains", other),
            )
        question = rng.choice(["How many days does {x} have?", "How many days are in {x}?", "How many days has {x}?"])
        count = MONTH_DAYS[i]
        tail = ", or 29 in a leap year" if i == 1 else ""
        return ask(
            "calendar",
            question.format(x=names[i]),
            f"{names[i]} has {count} days{tail}.",
            f"{names[i]} has {count} days.",
            ("contains", str(count)),
        )
    question, answer = rng.choice(
        [
            ("How many days are in a week?", "A week has 7 days."),
            ("How many months are in a year?", "A year has 12 months."),
            ("How many days does a year have?", "A year has 365 days, or 366 in a leap year."),
            ("How many hours does a day have?", "A day has 24 hours."),
            ("How many minutes are in an hour?", "An hour has 60 minutes."),
            ("How many seconds are in a minute?", "A minute has 60 seconds."),
            ("How many weeks are in a year?", "A year has 52 weeks."),
            ("Which days are the weekend?", "The weekend is Saturday and Sunday."),
            ("What are the four seasons?", "The four seasons are spring, summer, autumn and winter."),
            ("Which season comes after winter?", "Spring comes after winter."),
            ("Which season comes after summer?", "Autumn comes after summer."),
        ]
    )
    if rng.random() < 0.3:
        question = rng.choice(
            [question[0].lower() + question[1:], question.rstrip("?"), "Tell me: " + question[0].lower() + question[1:]]
        )
    return ask(
        "calendar",
        question,
        answer,
        "This is about the calendar. " + answer,
        ("contains", answer.split(" ")[2].strip(",.")),
    )


OPPOSITES = [
    ("hot", "cold"),
    ("big", "small"),
    ("up", "down"),
    ("left", "right"),
    ("fast", "slow"),
    ("old", "young"),
    ("day", "night"),
    ("happy", "sad"),
    ("light", "dark"),
    ("open", "closed"),
    ("early", "late"),
    ("hard", "soft"),
    ("rich", "poor"),
    ("full", "empty"),
    ("wet", "dry"),
    ("tall", "short"),
    ("good", "bad"),
    ("strong", "weak"),
    ("true", "false"),
    ("black", "white"),
    ("high", "low"),
    ("near", "far"),
    ("loud", "quiet"),
    ("clean", "dirty"),
]
SOUNDS = {
    "cat": "meow",
    "dog": "woof",
    "cow": "moo",
    "sheep": "baa",
    "duck": "quack",
    "lion": "roar",
    "bee": "buzz",
    "horse": "neigh",
    "owl": "hoot",
    "frog": "ribbit",
    "mouse": "squeak",
    "pig": "oink",
}
KINDS = {
    "apple": "fruit",
    "banana": "fruit",
    "carrot": "vegetable",
    "potato": "vegetable",
    "dog": "animal",
    "cat": "animal",
    "oak": "tree",
    "rose": "flower",
    "tulip": "flower",
    "eagle": "bird",
    "sparrow": "bird",
    "salmon": "fish",
    "shark": "fish",
    "guitar": "musical instrument",
    "piano": "musical instrument",
    "hammer": "tool",
    "chair": "piece of furniture",
    "football": "sport",
    "tennis": "sport",
    "Paris": "city",
    "France": "country",
    "red": "colour",
    "bee": "insect",
    "ant": "insect",
    "Python": "programming language",
    "Mars": "planet",
    "gold": "metal",
    "iron": "metal",
}


def word_facts(rng):
    kind = rng.randrange(3)
    if kind == 0:
        a, b = rng.sample(rng.choice(OPPOSITES), 2)
        question = rng.choice(
            [
                "What is the opposite of {a}?",
                "Opposite of {a}?",
                "Name the opposite of {a}.",
                "what's the opposite of {a}?",
                'Tell me the opposite of "{a}".',
            ]
        ).format(a=a)
        return ask("words", question, f"The opposite of {a} is {b}.", f"The opposite of {a} is {b}.", ("contains", b))
    if kind == 1:
        animal, sound = rng.choice(list(SOUNDS.items()))
        question = rng.choice(["What sound does {a} make?", "Which sound does {a} make?", "What does {a} say?"]).format(
            a=article(animal)
        )
        return ask(
            "words",
            question,
            f"{article(animal).capitalize()} says {sound}.",
            f"The sound of {article(animal)} is {sound}.",
            ("contains", sound),
        )
    thing, group = rng.choice(list(KINDS.items()))
    thing = thing if thing[0].isupper() or thing in ("gold", "iron", "red", "football", "tennis") else article(thing)
    question = rng.choice(["What is {t}?", "what is {t}", "What kind of thing is {t}?", "Tell me what {t} is."]).format(
        t=thing
    )
    answer = f"{thing[0].upper() + thing[1:]} is {article(group)}."
    return ask(
        "words", question, answer, f"The question is what {thing} is. It is {article(group)}.", ("contains", group)
    )
