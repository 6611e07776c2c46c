import assert from "node:assert/strict";

import { kAddition, kCitySchema, kModel, kTools, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";
import { zstd_frame } from "../support/zstd.mjs";

const kResponseTools = kTools.map(({ name, description, schema }) => ({
  type: "function",
  name,
  description,
  parameters: schema,
  strict: false,
}));
const ask = (input, more = {}) => ({ model: kModel, input, temperature: 0, reasoning: { effort: "none" }, ...more });

/// The order of a streamed response, checked strictly; the final response.
async function read(stream) {
  const types = [];
  let [response, open, text] = [null, null, ""];
  for await (const event of stream) {
    assert.equal(event.sequence_number, types.length);
    types.push(event.type);
    if (event.type === "response.output_item.added") {
      assert.equal(open, null);
      open = { id: event.item.id, index: event.output_index };
    } else if (event.type === "response.output_item.done") {
      assert.deepEqual({ id: event.item.id, index: event.output_index }, open);
      open = null;
    } else if (event.item_id !== undefined) {
      assert.deepEqual({ id: event.item_id, index: event.output_index }, open);
    }
    if (event.type === "response.output_text.delta") text += event.delta;
    response = event.response ?? response;
  }
  assert.deepEqual(types.slice(0, 2), ["response.created", "response.in_progress"]);
  assert.equal(types.at(-1), `response.${response.status}`);
  return { response, types, text };
}

export async function run({ check, refused, connect, servers, bundled, traffic }) {
  const openai = connect();
  const respond = (request) => openai.responses.create(request);
  let whole;

  await check("a whole response", async () => {
    whole = await respond(ask(kAddition, { instructions: "You are a helpful assistant." }));
    assert.match(whole.id, /^resp_/);
    assert.equal(whole.status, "completed");
    assert.match(whole.output_text, /4/);
    assert.ok(whole.usage.input_tokens > 0 && whole.usage.output_tokens > 0);
    assert.equal(whole.instructions, "You are a helpful assistant.");
  });

  await check("the same as a stream, its events in order", async () => {
    const request = ask(kAddition, { instructions: "You are a helpful assistant.", stream: true });
    const { response, text, types } = await read(await respond(request));
    assert.equal(text, whole.output_text);
    assert.equal(response.output[0].content[0].text, text);
    assert.deepEqual(types.filter((type) => !type.endsWith("delta")), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const final = await openai.responses.stream(request).finalResponse();
    assert.equal(final.output_text, whole.output_text);
  });

  await check("reasoning is an item of its own", async () => {
    const { response, types } = await read(await respond(ask(kAddition, { reasoning: { effort: "high" }, stream: true })));
    assert.deepEqual(response.output.map(({ type }) => type), ["reasoning", "message"]);
    assert.ok(response.output[0].summary[0].text.length > 0);
    assert.ok(types.includes("response.reasoning_summary_text.delta"));
  });

  await check("a call, its result, the answer", async () => {
    const called = await respond(ask(kWeather, { tools: kResponseTools }));
    const [call] = called.output;
    assert.equal(call.type, "function_call");
    assert.equal(call.name, "get_weather");
    assert.deepEqual(JSON.parse(call.arguments), { city: "Paris" });
    const answered = await respond(
      ask(
        [{ role: "user", content: kWeather }, call, { type: "function_call_output", call_id: call.call_id, output: kWeatherResult }],
        { tools: kResponseTools },
      ),
    );
    assert.match(answered.output_text, /18/);
    const streamed = await read(await respond(ask(kWeather, { tools: kResponseTools, stream: true })));
    assert.deepEqual(streamed.response.output.map(({ type }) => type), ["function_call"]);
    assert.ok(streamed.types.includes("response.function_call_arguments.done"));
  });

  await check("max_output_tokens makes it incomplete", async () => {
    const cut = await respond(ask(kAddition, { max_output_tokens: 2 }));
    assert.equal(cut.status, "incomplete");
    assert.deepEqual(cut.incomplete_details, { reason: "max_output_tokens" });
    const { response } = await read(await respond(ask(kAddition, { max_output_tokens: 2, stream: true })));
    assert.equal(response.status, "incomplete");
  });

  await check("text.format json_schema", async () => {
    const format = { type: "json_schema", name: "city", strict: true, schema: kCitySchema };
    const { output_text } = await respond(ask("Tell me about Paris.", { text: { format }, max_output_tokens: 200 }));
    assert.deepEqual(Object.keys(JSON.parse(output_text)), ["city", "people"]);
  });

  await check("a body compressed by zstd", async () => {
    const response = await traffic.fetch(`${bundled}/v1/responses`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Content-Encoding": "zstd" },
      body: zstd_frame(JSON.stringify(ask(kAddition, { instructions: "You are a helpful assistant." }))),
    });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).output[0].content[0].text, whole.output_text);
  });

  await check("parts of text, an earlier answer and thoughts come back", async () => {
    const scripted = connect(await servers.axllama({ card: says("Fine.") }));
    const { output_text } = await scripted.responses.create(
      ask([
        { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] },
        { type: "message", role: "user", content: [{ type: "input_text", text: "Hello!" }] },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "A greeting." }] },
        { type: "message", id: "msg_1", role: "assistant", status: "completed", content: [{ type: "output_text", text: "Hi!", annotations: [] }] },
        { role: "user", content: "How are you?" },
      ]),
    );
    assert.equal(output_text, "Fine.");
  });

  await refused("files and items that nobody knows", async () => {
    const file = [{ role: "user", content: [{ type: "input_file", file_id: "file_1" }] }];
    await assert.rejects(respond(ask(file)), { status: 400, message: /file inputs are not currently supported/ });
    await assert.rejects(respond(ask([{ type: "nonsense" }])), { status: 400, message: /unknown input item type: "nonsense"/ });
  });
}
