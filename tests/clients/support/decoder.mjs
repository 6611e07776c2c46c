// Decoders that refuse what typed clients refuse: a field that is missing or of another type. Unknown fields are let pass,
// as serde and pydantic do by default.

const fail = (path, expected, value) => {
  throw new TypeError(`${path}: ${expected} expected, found ${JSON.stringify(value)}`);
};

const scalar = (expected, test) => (value, path) => (test(value) ? value : fail(path, expected, value));

export const text = scalar("a string", (value) => typeof value === "string");
export const boolean = scalar("a boolean", (value) => typeof value === "boolean");
export const unsigned = scalar("an unsigned integer", (value) => Number.isInteger(value) && value >= 0);
export const number = scalar("a number", (value) => typeof value === "number");
export const object = scalar("an object", (value) => value !== null && typeof value === "object" && !Array.isArray(value));
export const timestamp = scalar(
  "a time with a zone",
  (value) => typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value),
);

export const one_of = (...values) => scalar(`one of ${values}`, (value) => values.includes(value));

/// May be missing or null.
export const optional = (decode) => (value, path) => (value === undefined || value === null ? undefined : decode(value, path));

export const list = (decode) => (value, path) => {
  if (!Array.isArray(value)) fail(path, "an array", value);
  return value.map((element, i) => decode(element, `${path}[${i}]`));
};

export const struct = (fields) => (value, path = "body") => {
  object(value, path);
  return Object.fromEntries(Object.entries(fields).map(([name, decode]) => [name, decode(value[name], `${path}.${name}`)]));
};
