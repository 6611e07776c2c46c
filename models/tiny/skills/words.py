"""Word lists that the skills share."""

CAPITALS = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "Austria": "Vienna", "Switzerland": "Bern", "Belgium": "Brussels", "the Netherlands": "Amsterdam",
    "Denmark": "Copenhagen", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki", "Iceland": "Reykjavik",
    "Ireland": "Dublin", "the United Kingdom": "London", "England": "London", "Scotland": "Edinburgh",
    "Wales": "Cardiff", "Poland": "Warsaw", "the Czech Republic": "Prague", "Slovakia": "Bratislava",
    "Hungary": "Budapest", "Romania": "Bucharest", "Bulgaria": "Sofia", "Greece": "Athens", "Turkey": "Ankara",
    "Ukraine": "Kyiv", "Russia": "Moscow", "Estonia": "Tallinn", "Latvia": "Riga", "Lithuania": "Vilnius",
    "Croatia": "Zagreb", "Slovenia": "Ljubljana", "Serbia": "Belgrade", "Albania": "Tirana", "Malta": "Valletta",
    "Cyprus": "Nicosia", "China": "Beijing", "Japan": "Tokyo", "South Korea": "Seoul", "India": "New Delhi",
    "Pakistan": "Islamabad", "Bangladesh": "Dhaka", "Nepal": "Kathmandu", "Thailand": "Bangkok",
    "Vietnam": "Hanoi", "Cambodia": "Phnom Penh", "Malaysia": "Kuala Lumpur", "Indonesia": "Jakarta",
    "the Philippines": "Manila", "Mongolia": "Ulaanbaatar", "Iran": "Tehran", "Iraq": "Baghdad",
    "Saudi Arabia": "Riyadh", "Jordan": "Amman", "Lebanon": "Beirut", "Syria": "Damascus", "Qatar": "Doha",
    "Egypt": "Cairo", "Morocco": "Rabat", "Algeria": "Algiers", "Tunisia": "Tunis", "Libya": "Tripoli",
    "Kenya": "Nairobi", "Ethiopia": "Addis Ababa", "Ghana": "Accra", "Nigeria": "Abuja", "Senegal": "Dakar",
    "Uganda": "Kampala", "Rwanda": "Kigali", "Angola": "Luanda", "Zambia": "Lusaka", "Zimbabwe": "Harare",
    "Canada": "Ottawa", "the United States": "Washington", "Mexico": "Mexico City", "Cuba": "Havana",
    "Jamaica": "Kingston", "Panama": "Panama City", "Costa Rica": "San Jose", "Guatemala": "Guatemala City",
    "Colombia": "Bogota", "Venezuela": "Caracas", "Ecuador": "Quito", "Peru": "Lima", "Chile": "Santiago",
    "Argentina": "Buenos Aires", "Uruguay": "Montevideo", "Paraguay": "Asuncion", "Brazil": "Brasilia",
    "Australia": "Canberra", "New Zealand": "Wellington", "Fiji": "Suva",
}
CITIES = sorted(set(CAPITALS.values())) + [
    "New York", "Chicago", "Boston", "San Francisco", "Los Angeles", "Seattle", "Toronto", "Munich", "Hamburg",
    "Milan", "Barcelona", "Lyon", "Manchester", "Glasgow", "Sydney", "Melbourne", "Mumbai", "Shanghai", "Osaka",
    "Shenzhen", "Istanbul", "Cape Town", "Dubai", "Singapore", "Geneva", "Zurich", "Venice", "Naples", "Porto",
]
NAMES = [
    "Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Ida", "Jack", "Kate", "Leo", "Mia", "Noah",
    "Olivia", "Paul", "Rosa", "Sam", "Tom", "Uma", "Victor", "Wendy", "Yara", "Zoe", "Alice", "Bob", "Carol", "Dan",
    "Eva", "Felix", "Gina", "Hugo", "Iris", "John", "Karen", "Lucy", "Max", "Nina", "Oscar", "Peter", "Ruth", "Sara",
    "Tim", "Vera", "Will", "Lily", "Mark", "Maria", "Omar", "Ali", "Fatima", "Chen", "Yuki", "Raj", "Priya", "Ivan",
    "Olga", "Pablo", "Sofia", "Luca", "Julia", "James", "Mary", "Linda", "Sarah", "Michael", "Alex", "Chris", "Robert",
]
ANIMALS = [
    "cat", "dog", "fox", "rabbit", "mouse", "bear", "owl", "duck", "horse", "turtle", "frog", "hedgehog", "sheep",
    "goat", "lion", "tiger", "elephant", "monkey", "penguin", "squirrel", "wolf", "deer", "bee", "llama", "parrot",
    "whale", "dragon", "robot", "snail", "crow",
]
COLOURS = ["red", "blue", "green", "yellow", "black", "white", "brown", "orange", "purple", "pink", "grey", "silver"]
OBJECTS = [
    "ball", "book", "lamp", "key", "hat", "cup", "bike", "kite", "coat", "clock", "box", "bag", "pen", "coin", "map",
    "drum", "boat", "ring", "bell", "chair", "scarf", "bottle", "basket", "mirror", "umbrella", "camera", "guitar",
    "phone", "car", "spoon",
]
FOODS = [
    "apples", "bread", "cheese", "rice", "soup", "pizza", "pasta", "carrots", "bananas", "cake", "eggs", "fish",
    "honey", "salad", "potatoes", "noodles", "pancakes", "tomatoes", "grapes", "milk",
]
JOBS = [
    "teacher", "doctor", "baker", "farmer", "painter", "pilot", "nurse", "cook", "driver", "writer", "engineer",
    "gardener", "singer", "carpenter", "librarian", "dentist",
]
HOBBIES = [
    "reading", "swimming", "painting", "chess", "football", "running", "cooking", "dancing", "fishing", "hiking",
    "singing", "cycling", "tennis", "gardening", "knitting", "photography",
]
PLACES = [
    "kitchen", "garden", "park", "school", "library", "forest", "market", "garage", "attic", "office", "station",
    "museum", "harbour", "village", "castle", "barn",
]
NOUNS = OBJECTS + ANIMALS + [
    "tree", "river", "house", "stone", "flower", "cloud", "star", "bridge", "window", "door", "table", "road",
    "mountain", "island", "candle", "letter", "song", "storm", "shadow", "engine", "feather", "ladder",
]
ADJECTIVES = [
    "old", "small", "big", "quiet", "bright", "happy", "cold", "warm", "soft", "tall", "round", "heavy", "new",
    "strange", "gentle", "quick", "slow", "brave", "tiny", "lazy",
]
VERBS = ["finds", "carries", "likes", "sees", "paints", "holds", "wants", "buys", "hides", "drops", "keeps", "brings"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]
MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
                "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
            "twelfth"]
_ONSETS = ["b", "br", "d", "dr", "f", "g", "gr", "k", "kl", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "tr", "v",
           "z", "th", "sh", "j", "w", "h", "qu", "x"]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "oo", "ee", "ia", "y"]
_CODAS = ["", "", "", "n", "r", "l", "s", "k", "m", "t", "x", "nd", "sk"]


def invented(rng, syllables=None):
    """A made-up lower-case word, so that copying cannot be learned by heart."""
    count = syllables or rng.choice([1, 2, 2, 3])
    return "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(count))


def name(rng):
    return invented(rng).capitalize() if rng.random() < 0.25 else rng.choice(NAMES)


def city(rng):
    return invented(rng, 2).capitalize() if rng.random() < 0.2 else rng.choice(CITIES)


def noun(rng):
    return invented(rng) if rng.random() < 0.15 else rng.choice(NOUNS)


def article(word):
    return ("an " if word[0] in "aeiou" else "a ") + word


def names(rng, count):
    chosen = []
    while len(chosen) < count:
        candidate = name(rng)
        if candidate not in chosen:
            chosen.append(candidate)
    return chosen


def join(items):
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
