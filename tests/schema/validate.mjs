// Judges the lines of sample_schemas with an independent validator: every answer must be valid, and of the mutants none
// that a constraint accepts may be invalid.
//
//   node validate.mjs FILE
import { readFileSync } from "node:fs";

import { packages_in } from "../npm/packages.mjs";

const require = packages_in(".");
const Ajv = require("ajv/dist/2020.js").default;
const addFormats = require("ajv-formats").default;

const counts = { schemas: 0, exclusive: 0, refused: 0, answers: 0, unfinished: 0, mutants: 0, accepted: 0, refusedInvalid: 0, refusedValid: 0 };
let failures = 0;

function fail(what, schema, text, errors) {
  failures += 1;
  if (failures <= 10) {
    console.error(`${what}\n  schema ${JSON.stringify(schema)}\n  text   ${text}\n  errors ${JSON.stringify(errors)}`);
  }
}

function check(validate, text) {
  try {
    return validate(JSON.parse(text)) ? null : validate.errors;
  } catch (error) {
    return error.message;
  }
}

for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  if (line === "") continue;
  const { schema, answers, mutants, unfinished, refused } = JSON.parse(line);
  const validate = addFormats(new Ajv({ strict: false })).compile(schema);
  counts.schemas += 1;
  counts.exclusive += JSON.stringify(schema).includes('"oneOf"') ? 1 : 0;
  counts.refused += refused;
  counts.unfinished += unfinished;
  for (const text of answers) {
    counts.answers += 1;
    const errors = check(validate, text);
    if (errors) fail("A complete answer is not valid:", schema, text, errors);
  }
  for (const { text, accepted } of mutants) {
    counts.mutants += 1;
    const errors = check(validate, text);
    if (accepted) {
      counts.accepted += 1;
      if (errors) fail("An accepted text is not valid:", schema, text, errors);
    } else if (errors) {
      counts.refusedInvalid += 1;
    } else {
      counts.refusedValid += 1;
    }
  }
}

console.log(JSON.stringify(counts));
if (failures > 0) {
  console.error(`${failures} texts are wrong`);
  process.exit(1);
}
if (counts.answers < 3 * counts.schemas || counts.refusedInvalid < counts.mutants / 2) {
  console.error("too few texts were judged");
  process.exit(1);
}
if (counts.exclusive < counts.schemas / 4 || counts.refused > counts.schemas / 2) {
  console.error("too few schemas with a oneOf were judged");
  process.exit(1);
}
