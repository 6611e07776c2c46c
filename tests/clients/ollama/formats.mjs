import assert from "node:assert/strict";

import { kCitySchema, kModel } from "../support/questions.mjs";

const ask = (format, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content: "Tell me about Paris." }],
  think: false,
  options: { temperature: 0, num_predict: 200 },
  format,
  ...more,
});

function check_city(text) {
  const value = JSON.parse(text);
  assert.deepEqual(Object.keys(value), ["city", "people"]);
  assert.ok(kCitySchema.properties.city.enum.includes(value.city));
  assert.ok(Number.isInteger(value.people) && value.people >= 1000 && value.people <= 9999);
}

export async function run({ check, refused, connect }) {
  const ollama = connect();

  await check("json", async () => {
    const answer = await ollama.chat(ask("json"));
    if (answer.done_reason === "stop") JSON.parse(answer.message.content);
    assert.match(answer.message.content, /^\s*[[{"\-0-9tfn]/);
  });

  await check("a schema, whole and as a stream", async () => {
    check_city((await ollama.chat(ask(kCitySchema))).message.content);
    let text = "";
    for await (const { message } of await ollama.chat(ask(kCitySchema, { stream: true }))) text += message.content;
    check_city(text);
  });

  await check("a schema after thoughts", async () => {
    const answer = await ollama.chat(ask(kCitySchema, { think: true, options: { temperature: 0, num_predict: 600 } }));
    assert.ok(answer.message.thinking.length > 0);
    if (answer.done_reason === "stop") check_city(answer.message.content);
  });

  await check("a schema for generate", async () => {
    const { messages, ...rest } = ask(kCitySchema);
    check_city((await ollama.generate({ ...rest, prompt: messages[0].content })).response);
  });

  await check("an empty format is none", async () => {
    assert.match((await ollama.chat(ask("", { messages: [{ role: "user", content: "What is 2+2?" }] }))).message.content, /4/);
  });

  await refused("a format that is neither", async () => {
    await assert.rejects(ollama.chat(ask("xml")), { status_code: 400, message: /invalid format/ });
  });
}
