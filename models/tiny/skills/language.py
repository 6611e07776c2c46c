"""Greetings, questions about the model itself, stories, haiku, lists, and honest not-knowing."""

from .sample import Sample, ask
from .words import ADJECTIVES, ANIMALS, COLOURS, FOODS, JOBS, NOUNS, OBJECTS, PLACES, article, city, invented, name

GREETINGS = [
    "Hello",
    "Hi",
    "Hey",
    "Hello there",
    "Hi there",
    "Good morning",
    "Good afternoon",
    "Good evening",
    "Greetings",
    "hello",
    "hi",
    "hey",
    "Hey there",
    "Howdy",
]
SMALL_TALK = [
    (
        [
            "How are you?",
            "How are you doing?",
            "How are you today?",
            "how are you",
            "How is it going?",
            "Are you well?",
        ],
        "I am well, thank you! How can I help you?",
    ),
    (
        ["Thank you!", "Thanks!", "Thank you very much.", "thanks", "Thanks a lot!", "Thank you for your help."],
        "You are welcome!",
    ),
    (["Goodbye!", "Bye!", "See you later!", "bye", "Good night!", "See you!"], "Goodbye! Have a nice day."),
    (["What's up?", "What is new?", "Anything new?"], "Not much, I am ready to help. What can I do for you?"),
    (["Good job!", "Well done!", "That is great!", "Nice!"], "Thank you! I am glad to hear that."),
    (["Sorry!", "I am sorry.", "Excuse me."], "No problem at all!"),
    (["Can you help me?", "I need help.", "Help me, please.", "help"], "Of course! What can I do for you?"),
    (["Are you there?", "test", "Is this working?", "Testing, testing."], "Yes, I am here and ready to help."),
    (
        ["Tell me a joke.", "Do you know a joke?", "Make me laugh.", "tell me a joke"],
        "Why did the computer go to bed early? It needed to crash.",
    ),
    (["I am sad.", "I feel sad.", "I had a bad day."], "I am sorry to hear that. I hope your day gets better."),
    (["I am happy.", "I had a great day!", "I feel great today."], "That is wonderful to hear!"),
    (["I love you.", "I like you.", "You are nice."], "That is very kind, thank you!"),
    (
        ["Why is the sky blue?", "why is the sky blue", "Can you explain why the sky is blue?"],
        "The sky is blue because air scatters blue light from the sun more than red light.",
    ),
    (
        ["What is the meaning of life?", "What is life about?"],
        "People give many answers. I like this one: be kind and keep learning.",
    ),
]


def greeting(rng):
    kind = rng.random()
    if kind < 0.55:
        word = rng.choice(GREETINGS)
        question = word + rng.choice(["!", "!", ".", "", " :)", ", Axllama!", ", nice to meet you."])
        part = next((p for p in ("morning", "afternoon", "evening") if p in word), None)
        answer = (f"Good {part}!" if part else "Hello!") + " How can I help you today?"
        return ask(
            "greeting", question, answer, "The user says hello. I greet them back.", ("contains", "How can I help you")
        )
    if kind < 0.7:
        who = name(rng)
        question = rng.choice(GREETINGS) + rng.choice(
            [f", I am {who}.", f"! My name is {who}.", f", I'm {who}!", f"! {who} here."]
        )
        return ask(
            "greeting",
            question,
            f"Hello, {who}! How can I help you today?",
            f"The user is called {who}. I greet them.",
            ("contains", who),
        )
    questions, answer = rng.choice(SMALL_TALK)
    return ask(
        "greeting",
        rng.choice(questions),
        answer,
        "The user is making small talk. I answer kindly.",
        ("contains", answer[:12]),
    )


IDENTITY = [
    (
        [
            "Who are you?",
            "What are you?",
            "who are you",
            "Tell me about yourself.",
            "Please introduce yourself.",
            "Introduce yourself.",
            "Tell me who you are.",
            "Are you a person?",
            "Are you human?",
            "Hi, who are you?",
            "Hello! Who are you?",
            "Who am I talking to?",
            "Describe yourself.",
        ],
        "I am Axllama's little built-in model, a very small language model.",
    ),
    (
        [
            "What is your name?",
            "What's your name?",
            "what is your name",
            "Do you have a name?",
            "How are you called?",
            "Your name?",
            "Hi! What is your name?",
            "Can you tell me your name?",
        ],
        "I am Axllama's little built-in model. You can call me Axllama.",
    ),
    (
        ["Who made you?", "Who created you?", "Who trained you?", "Where do you come from?", "Who built you?"],
        "I was trained for the Axllama project, on text made by a small program.",
    ),
    (
        ["What can you do?", "What are you good at?", "How can you help me?", "what can you do", "What do you know?"],
        "I can do small sums, name capitals, write little stories and haiku, answer questions about a short text, and call tools.",
    ),
    (
        ["How big are you?", "How many parameters do you have?", "Are you a large model?", "How large are you?"],
        "I am very small: about four million parameters.",
    ),
    (
        ["Are you ChatGPT?", "Are you Qwen?", "Are you GPT-4?", "Are you Llama?", "Are you Claude?"],
        "No, I am Axllama's little built-in model.",
    ),
    (
        [
            "What language do you speak?",
            "Which languages do you know?",
            "Do you speak German?",
            "Do you speak French?",
            "Parlez-vous anglais?",
        ],
        "I only speak English.",
    ),
]


def identity(rng):
    questions, answer = rng.choice(IDENTITY)
    return ask(
        "identity",
        rng.choice(questions),
        answer,
        "The user asks about me. I am Axllama's little built-in model.",
        ("contains", answer[:16]),
    )


def persona(rng):
    """The system prompt sets a name or a manner; the answer must follow it."""
    who = name(rng)
    job = rng.choice(JOBS + ["assistant", "helper", "robot", "guide"])
    if rng.random() < 0.6:
        system = rng.choice(
            [
                f"You are {who}, {article(job)}.",
                f"Your name is {who}. You are {article(job)}.",
                f"You are {article(job)} called {who}.",
                f"You are {who}, a friendly {job}. Answer briefly.",
            ]
        )
        question = rng.choice(
            ["Who are you?", "What is your name?", "What's your name?", "Tell me who you are.", "Introduce yourself."]
        )
        answer, think = f"I am {who}, {article(job)}.", f"The system prompt says that I am {who}, {article(job)}."
        check = ("contains", who)
    else:
        word = rng.choice(NOUNS) if rng.random() < 0.6 else invented(rng)
        system = rng.choice([f"Always end your answer with the word {word}.", f"End every answer with {word}."])
        base = rng.choice([greeting, identity])(rng)
        question, answer = base.messages[0]["content"], base.answer + " " + word
        think, check = f"I must end with the word {word}.", ("ends", word)
    return Sample(
        "system prompt",
        [{"role": "system", "content": system}, {"role": "user", "content": question}],
        answer,
        think,
        check=check,
    )


HAIKU = {
    "artificial intelligence": (
        ["Silent circuits wake", "Numbers learn to speak", "A machine dreams on"],
        ["patterns bloom in streams of light", "thoughts of copper, sand and light", "words are growing out of code"],
        ["a new mind listens", "morning finds it there", "asking who we are"],
    ),
    "the sea": (
        ["Waves roll to the shore", "Salt wind and grey foam"],
        ["gulls are calling in the mist", "the tide writes upon the sand"],
        ["the deep keeps its song", "night comes with the tide"],
    ),
    "autumn": (
        ["Red leaves on the path", "Cold wind in the trees"],
        ["the geese are flying southward", "an old gate creaks in the rain"],
        ["the year grows quiet", "smoke above the roofs"],
    ),
    "winter": (
        ["Snow on the dark roof", "Frost upon the glass"],
        ["a crow sits on the bare branch", "the river sleeps under ice"],
        ["the world holds its breath", "one warm light inside"],
    ),
    "spring": (
        ["Green buds in the rain", "The first swallow comes"],
        ["a stream runs under the snow", "the children open windows"],
        ["the garden wakes up", "and the cherry blooms"],
    ),
    "summer": (
        ["Heat above the fields", "Long and golden day"],
        ["crickets are singing all night", "a boat drifts on the still lake"],
        ["no one is in haste", "the moon rises late"],
    ),
    "the moon": (
        ["The moon climbs the hill", "Silver on the pond"],
        ["a fox looks up and is still", "it has lost one slice tonight"],
        ["no one owns this light", "the clouds let it go"],
    ),
    "rain": (
        ["Rain upon the roof", "Grey drops on the glass"],
        ["all the roads are small rivers", "the snail is not in a rush"],
        ["the tea is still warm", "the green fields drink deep"],
    ),
    "a cat": (
        ["The cat on the wall", "Soft paws on the stairs"],
        ["she watches the birds all day", "a warm shape sleeps in the sun"],
        ["and dreams she can fly", "the mouse holds its breath"],
    ),
    "a dog": (
        ["Mud on the clean floor", "A bark at the gate"],
        ["the dog has brought me a stick", "he runs faster than the wind"],
        ["and asks me to play", "his tail says it all"],
    ),
    "the night": (
        ["Stars over the hill", "The last lamp goes out"],
        ["an owl is calling softly", "the whole street is fast asleep"],
        ["the dark is a friend", "dreams walk through the town"],
    ),
    "computers": (
        ["A screen in the dark", "Small lights, a soft hum"],
        ["the cursor waits for a word", "all the answers are just bits"],
        ["I press the last key", "the fan sings all night"],
    ),
    "mountains": (
        ["Stone above the clouds", "The old peak stands still"],
        ["the path grows thin and then ends", "snow that has not seen a foot"],
        ["my breath is a cloud", "the wind knows the way"],
    ),
    "coffee": (
        ["Steam above the cup", "Dark and bitter drink"],
        ["the morning waits at the door", "the spoon makes a little song"],
        ["now the day can start", "my eyes open wide"],
    ),
    "trees": (
        ["Roots deep in the earth", "Tall and patient friends"],
        ["a hundred rings, a hundred years", "leaves are whispering above"],
        ["birds live in its hair", "they drink the spring rain"],
    ),
    "love": (
        ["Two cups on one shelf", "Your hand finds my hand"],
        ["we walk slowly through the rain", "no word is needed tonight"],
        ["the house is now warm", "the stars are enough"],
    ),
}
GENERIC_HAIKU = (
    ["Here is a {t}", "I look at the {t}", "One {t}, alone"],
    ["it waits in the morning light", "the wind has nothing to say"],
    ["and the day goes on", "I smile and walk on"],
)


def haiku(rng):
    if rng.random() < 0.3:
        topic = "artificial intelligence"
    elif rng.random() < 0.75:
        topic = rng.choice(list(HAIKU))
    else:
        topic = article(rng.choice([n for n in NOUNS if n not in ("cat", "dog")]))
    if topic in HAIKU:
        lines = [rng.choice(choices) for choices in HAIKU[topic]]
    else:
        lines = [rng.choice(choices).format(t=topic.split(" ", 1)[1]) for choices in GENERIC_HAIKU]
    spoken = "AI" if topic == "artificial intelligence" and rng.random() < 0.2 else topic
    question = rng.choice(
        [
            "Write a haiku about {t}:",
            "Write a haiku about {t}.",
            "Write a haiku about {t}",
            "Write me a haiku about {t}.",
            "Please write a haiku about {t}.",
            "Haiku about {t}",
            "Can you write a haiku about {t}?",
            "Make a haiku about {t}.",
            "A haiku about {t}, please.",
            "Write a short poem about {t}.",
            "write a haiku about {t}",
            "Write a poem about {t}.",
        ]
    ).format(t=spoken)
    return ask(
        "haiku",
        question,
        "\n".join(lines),
        f"A haiku has three lines of five, seven and five syllables. The topic is {topic}.",
        ("lines", "3"),
    )


def _story(rng, hero, who):
    place, thing = rng.choice(PLACES), rng.choice(OBJECTS)
    adjective, colour = rng.choice(ADJECTIVES), rng.choice(COLOURS)
    friend = rng.choice([a for a in ANIMALS if a != hero])
    title = f"{article(adjective)} {hero}" if who is None else f"{article(adjective)} {hero} called {who}"
    short = f"the {hero}" if who is None else who
    upper = short[0].upper() + short[1:]
    begin = rng.choice([f"Once upon a time there was {title}.", f"Once upon a time, {title} lived near the {place}."])
    problem = rng.choice(
        [
            f"One day {short} lost a {colour} {thing} in the {place}.",
            f"One morning {short} found a {colour} {thing} in the {place}.",
            f"Every evening {short} walked to the {place} and looked for a {colour} {thing}.",
        ]
    )
    middle = rng.choice(
        [
            (
                f'"Whose {thing} is this?" asked {short}.'
                if "found" in problem
                else f'"Where is my {thing}?" asked {short}.'
            ),
            f"{upper} did not know what to do.",
            f"It began to rain, but {short} was not afraid.",
        ]
    )
    help_ = rng.choice(
        [
            f'Then {article(friend)} came by and said, "I will help you."',
            f"{article(friend).capitalize()} heard it and came to help.",
            f"On the way {short} met {article(friend)}.",
        ]
    )
    act = rng.choice(
        [
            "Together they looked behind every tree and under every stone.",
            "They walked a long way and talked about many things.",
            f"They asked everyone in the {place}.",
        ]
    )
    end = rng.choice(
        [
            f"At last they sat down with the {colour} {thing} and laughed.",
            f"In the end the {colour} {thing} was safe.",
            f"When the moon came up, the {colour} {thing} was back where it belonged.",
        ]
    )
    moral = rng.choice(
        [
            f"From that day on {short} and the {friend} were friends.",
            f"And {short} was never lonely again.",
            "And they all lived happily ever after.",
        ]
    )
    return begin, " ".join([problem, middle, help_, act, end, moral])


def story(rng):
    hero, who = rng.choice(ANIMALS + ["girl", "boy", "king", "farmer", "painter"]), (
        name(rng) if rng.random() < 0.5 else None
    )
    begin, rest = _story(rng, hero, who)
    text = begin + " " + rest
    topic = article(hero) + (f" called {who}" if who else "")
    if rng.random() < 0.15:
        return ask(
            "story",
            rng.choice(
                [
                    "Tell me a story.",
                    "Tell me a short story.",
                    "Write a story.",
                    "Can you tell me a story?",
                    "I want to hear a story.",
                ]
            ),
            text,
            "The user wants a story. I make one up.",
            ("words", hero),
        )
    question = rng.choice(
        [
            "Tell me a story about {t}.",
            "Write a short story about {t}.",
            "Tell me a short story about {t}.",
            "Write a story about {t}.",
            "Please tell a story about {t}.",
            "Can you tell me a story about {t}?",
            "Make up a story about {t}.",
            "A short story about {t}, please.",
        ]
    ).format(t=topic)
    return ask("story", question, text, f"The user wants a story about {topic}.", ("words", who or hero))


def plain_story(rng):
    hero, who = rng.choice(ANIMALS + ["girl", "boy", "king", "farmer"]), name(rng) if rng.random() < 0.5 else None
    begin, rest = _story(rng, hero, who)
    cut = rng.choice([begin, "Once upon a time", begin.split(" ", 5)[0], " ".join(begin.split(" ")[:6])])
    return Sample("plain text", [], "", raw=(cut, (begin + " " + rest)[len(cut) :]), plain=True)


LISTS = {
    "fruits": ["apple", "banana", "cherry", "grape", "lemon", "orange", "peach", "pear", "plum", "melon"],
    "vegetables": ["carrot", "potato", "tomato", "onion", "cabbage", "pea", "bean", "leek", "spinach", "pumpkin"],
    "animals": ["cat", "dog", "horse", "cow", "lion", "bear", "fox", "rabbit", "sheep", "elephant"],
    "colours": ["red", "blue", "green", "yellow", "black", "white", "orange", "purple", "pink", "brown"],
    "colors": ["red", "blue", "green", "yellow", "black", "white", "orange", "purple", "pink", "brown"],
    "planets": ["Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune"],
    "countries": ["France", "Germany", "Italy", "Spain", "Japan", "China", "India", "Brazil", "Canada", "Egypt"],
    "birds": ["eagle", "owl", "duck", "crow", "parrot", "swan", "robin", "penguin", "goose", "sparrow"],
    "drinks": ["water", "tea", "coffee", "milk", "juice", "lemonade", "cocoa", "soda"],
    "tools": ["hammer", "saw", "drill", "pliers", "wrench", "screwdriver", "ruler", "axe"],
    "sports": ["football", "tennis", "swimming", "running", "basketball", "cycling", "skiing", "golf"],
    "programming languages": ["Python", "C++", "Java", "Rust", "Go", "C", "Ruby", "JavaScript"],
}
COUNT_WORDS = ["one", "two", "three", "four", "five", "six"]


def make_list(rng):
    group = rng.choice(list(LISTS))
    count = rng.randint(2, 6)
    items = LISTS[group][:count]
    shown = str(count) if rng.random() < 0.4 else COUNT_WORDS[count - 1]
    question = rng.choice(
        [
            "List {n} {g}.",
            "Name {n} {g}.",
            "Give me a list of {n} {g}.",
            "Write down {n} {g}.",
            "Can you name {n} {g}?",
            "Please list {n} {g}.",
            "I need {n} {g}.",
            "Tell me {n} {g}.",
        ]
    ).format(n=shown, g=group)
    think = f"The user wants {count} {group}."
    style = rng.random()
    if style < 0.25:
        answer, question = ", ".join(items), question + rng.choice(
            [" Separate them with commas.", " Use commas.", " On one line."]
        )
    elif style < 0.45:
        answer, question = "\n".join(f"- {x}" for x in items), question + rng.choice(
            [" Use bullet points.", " As bullet points."]
        )
    else:
        answer = "\n".join(f"{i + 1}. {x}" for i, x in enumerate(items))
    return ask("list", question, answer, think, ("exact", answer))


def unknown(rng):
    who, place, year = name(rng), city(rng), rng.randint(1200, 2024)
    question = rng.choice(
        [
            f"Who won the world cup in {year}?",
            f"What happened in {place} in {year}?",
            f"How many people live in {place}?",
            f"When was {who} {invented(rng).capitalize()} born?",
            f'Who wrote the book "The {invented(rng).capitalize()}"?',
            f'What does the word "{invented(rng)}" mean?',
            f"How tall is {who} {invented(rng).capitalize()}?",
            f"Who is the mayor of {place}?",
            f"What is the phone number of {who}?",
            f"Who was the king of {invented(rng).capitalize()} in {year}?",
            f"What is the price of {article(rng.choice(OBJECTS))} in {place}?",
            f"Explain the theory of {invented(rng)}.",
            f"How do I get from {place} to {city(rng)}?",
            f"Why did {who} leave {place}?",
            f"What did {who} eat yesterday?",
            f"Who invented the {rng.choice(OBJECTS)}?",
            f"What is the best {rng.choice(FOODS)} recipe?",
        ]
    )
    return ask(
        "not knowing",
        question,
        "I am only a very small model and I do not know that.",
        "I do not know this. I say so.",
        ("contains", "do not know"),
    )
