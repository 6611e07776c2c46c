import assert from "node:assert/strict";

import { kModel, kParallelCalls, kTools, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  max_tokens: 300,
  temperature: 0,
  messages: [{ role: "user", content }],
  tools: kTools.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
  ...more,
});

export async function run({ check, connect, servers }) {
  const anthropic = connect();
  const create = (request) => anthropic.messages.create(request);

  await check("tool_use, its tool_result, the answer", async () => {
    const request = ask(kWeather);
    const called = await create(request);
    assert.equal(called.stop_reason, "tool_use");
    const call = called.content.at(-1);
    assert.equal(call.type, "tool_use");
    assert.equal(call.name, "get_weather");
    assert.deepEqual(call.input, { city: "Paris" });
    const result = { type: "tool_result", tool_use_id: call.id, content: [{ type: "text", text: kWeatherResult }] };
    request.messages.push({ role: "assistant", content: called.content }, { role: "user", content: [result] });
    const answered = await create(request);
    assert.equal(answered.stop_reason, "end_turn");
    assert.match(answered.content[0].text, /18/);
  });

  await check("two calls at once, accumulated from a stream", async () => {
    const scripted = connect(await servers.axllama({ card: says(kParallelCalls) }));
    const final = await scripted.messages.stream(ask("Both, please.")).finalMessage();
    assert.equal(final.stop_reason, "tool_use");
    assert.deepEqual(
      final.content.map(({ type, name, input }) => [type, name, input]),
      [["tool_use", "get_weather", { city: "Rome" }], ["tool_use", "calculator", { expression: "1 + 1" }]],
    );
    assert.notEqual(final.content[0].id, final.content[1].id);
  });

  await check("tool_choice any, tool and none", async () => {
    const any = await create(ask("Hello!", { tool_choice: { type: "any" } }));
    assert.ok(any.content.some(({ type }) => type === "tool_use"));
    const named = await create(ask(kWeather, { tool_choice: { type: "tool", name: "calculator" } }));
    assert.deepEqual(named.content.filter(({ type }) => type === "tool_use").map(({ name }) => name), ["calculator"]);
    const none = await create(ask(kWeather, { tool_choice: { type: "none" } }));
    assert.ok(none.content.every(({ type }) => type === "text"));
  });

  await check("count_tokens counts the tools", async () => {
    const { model, messages, tools } = ask(kWeather);
    const without = await anthropic.messages.countTokens({ model, messages });
    const with_tools = await anthropic.messages.countTokens({ model, messages, tools });
    assert.ok(with_tools.input_tokens > without.input_tokens + 20);
  });
}
