import assert from "node:assert/strict";

import { boolean, list, number, object, optional, struct, text, timestamp, unsigned } from "../support/decoder.mjs";
import { post, records } from "../support/ndjson.mjs";
import { kAddition, kCitySchema, kFunctionTools, kModel, kWeather, kWeatherResult } from "../support/questions.mjs";
import { breaks, drips } from "../support/scripts.mjs";

const details = struct({
  parent_model: optional(text),
  format: optional(text),
  family: optional(text),
  families: optional(list(text)),
  parameter_size: optional(text),
  quantization_level: optional(text),
});
const decode_list = struct({
  models: list(
    struct({ model: optional(text), modified_at: optional(timestamp), digest: optional(text), size: optional(unsigned), details: optional(details) }),
  ),
});
const decode_ps = struct({
  models: list(
    struct({
      model: optional(text),
      name: optional(text),
      digest: optional(text),
      expires_at: optional(timestamp),
      size: optional(unsigned),
      size_vram: optional(unsigned),
      details: optional(details),
      context_length: optional(unsigned),
    }),
  ),
});
const decode_show = struct({
  modified_at: optional(timestamp),
  template: optional(text),
  modelfile: optional(text),
  license: optional(text),
  details: optional(details),
  model_info: object, // required there
  parameters: optional(text),
  capabilities: optional(list(text)),
});
const decode_chat = struct({
  model: optional(text),
  created_at: optional(timestamp),
  done: optional(boolean),
  done_reason: optional(text),
  total_duration: optional(unsigned),
  load_duration: optional(unsigned),
  prompt_eval_count: optional(unsigned),
  prompt_eval_duration: optional(unsigned),
  eval_count: optional(unsigned),
  eval_duration: optional(unsigned),
  logprobs: optional(list(struct({ token: text, logprob: number }))),
  message: struct({
    role: text,
    content: optional(text),
    thinking: optional(text),
    tool_calls: optional(list(struct({ function: struct({ name: text, arguments: object }) }))),
  }),
});

const request = (messages, more = {}) => ({
  model: kModel,
  messages,
  stream: true,
  tools: [],
  format: "",
  options: { num_ctx: 8192, temperature: 0 },
  keep_alive: -1,
  think: false,
  ...more,
});

async function chat({ url, fetch }, messages, more) {
  const response = await post(fetch, `${url}/api/chat`, request(messages, more));
  assert.equal(response.status, 200);
  const answer = { content: "", tool_calls: [] };
  for await (const record of records(response)) {
    const { message, done } = decode_chat(record);
    answer.content += message.content ?? "";
    answer.tool_calls.push(...(message.tool_calls ?? []));
    answer.done = done;
  }
  assert.equal(answer.done, true);
  return answer;
}

export async function run({ check, connect, servers }) {
  const assistant = connect();
  const get = async ({ url, fetch }, path) => {
    const response = await fetch(`${url}${path}`);
    assert.equal(response.status, 200);
    return response.json();
  };

  await check("setting up: list and show", async () => {
    const { models } = decode_list(await get(assistant, "/api/tags"));
    assert.ok(models.some(({ model }) => model === `${kModel}:latest`));
    decode_show(await (await post(assistant.fetch, `${assistant.url}/api/show`, { model: kModel })).json());
  });

  await check("its polls are answered while the card is busy", async () => {
    const busy = connect(await servers.axllama({ card: drips(200), options: ["--parallel", "1"] }));
    const response = await post(busy.fetch, `${busy.url}/api/chat`, request([{ role: "user", content: "Go on!" }]));
    await response.body.getReader().read(); // of an answer that goes on for as long as its client stays
    decode_list(await get(busy, "/api/tags"));
    const { models } = decode_ps(await get(busy, "/api/ps"));
    assert.equal(models.length, 1);
    assert.ok(new Date(models[0].expires_at).getFullYear() > 2200); // keep_alive -1
  });

  await check("a turn of Assist with a tool", async () => {
    const messages = [{ role: "user", content: kWeather }];
    const called = await chat(assistant, messages, { tools: kFunctionTools });
    assert.deepEqual(called.tool_calls, [{ function: { name: "get_weather", arguments: { city: "Paris" } } }]);
    messages.push(
      { role: "assistant", content: called.content, tool_calls: called.tool_calls },
      { role: "tool", content: kWeatherResult },
    );
    assert.match((await chat(assistant, messages, { tools: kFunctionTools })).content, /18/);
  });

  await check("an AI task with a schema", async () => {
    const answer = await chat(assistant, [{ role: "user", content: "Tell me about Paris." }], { format: kCitySchema });
    assert.deepEqual(Object.keys(JSON.parse(answer.content)), ["city", "people"]);
  });

  await check("a conversation of several turns", async () => {
    const messages = [
      { role: "system", content: "You are a voice assistant." },
      { role: "user", content: "Hello!" },
      { role: "assistant", content: "Hello! How can I help you?" },
      { role: "user", content: kAddition },
    ];
    assert.ok((await chat(assistant, messages)).content.length > 0);
  });

  await check("an error in mid-stream is a line with error", async () => {
    const broken = connect(await servers.axllama({ card: breaks() }));
    const response = await post(broken.fetch, `${broken.url}/api/chat`, request([{ role: "user", content: "Hello!" }]));
    let last;
    for await (const record of records(response)) last = record;
    text(last.error, "error");
    assert.notEqual(last.done, true);
  });
}
