import assert from "node:assert/strict";

import { kFunctionTools, kModel, kParallelCalls, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content }],
  tools: kFunctionTools,
  think: false,
  options: { temperature: 0 },
  ...more,
});

export async function run({ check, connect, servers }) {
  const ollama = connect();

  await check("one call, its result, the answer", async () => {
    const request = ask(kWeather);
    const called = await ollama.chat(request);
    assert.equal(called.message.content, "");
    assert.equal(called.done_reason, "stop");
    const [call, ...others] = called.message.tool_calls;
    assert.deepEqual(others, []);
    assert.equal(call.function.name, "get_weather");
    assert.deepEqual(call.function.arguments, { city: "Paris" });
    request.messages.push(called.message, { role: "tool", tool_name: "get_weather", content: kWeatherResult });
    const answered = await ollama.chat(request);
    assert.equal(answered.message.tool_calls, undefined);
    assert.match(answered.message.content, /18/);
  });

  await check("two calls at once, in a stream", async () => {
    const scripted = connect(await servers.axllama({ card: says(kParallelCalls) }));
    const calls = [];
    let last;
    for await (const record of await scripted.chat(ask("Both, please.", { stream: true }))) {
      assert.equal(record.message.content, "");
      if (record.message.tool_calls) {
        assert.equal(record.done, false);
        calls.push(...record.message.tool_calls);
      }
      last = record;
    }
    assert.equal(last.done_reason, "stop");
    assert.deepEqual(
      calls.map((call) => call.function),
      [
        { index: 0, name: "get_weather", arguments: { city: "Rome" } },
        { index: 1, name: "calculator", arguments: { expression: "1 + 1" } },
      ],
    );
    assert.equal(new Set(calls.map(({ id }) => id)).size, 2);
    for (const { id } of calls) assert.match(id, /^call_[0-9a-z]+$/);
  });

  await check("two results fed back", async () => {
    const answer = await ollama.chat(
      ask("", {
        messages: [
          { role: "user", content: "What is the weather in Paris and in Oslo?" },
          {
            role: "assistant",
            content: "",
            tool_calls: [
              { function: { name: "get_weather", arguments: { city: "Paris" } } },
              { function: { name: "get_weather", arguments: { city: "Oslo" } } },
            ],
          },
          { role: "tool", tool_name: "get_weather", content: kWeatherResult },
          { role: "tool", tool_name: "get_weather", content: kWeatherResult },
        ],
      }),
    );
    assert.ok(answer.message.content.length > 0);
    assert.equal(answer.done_reason, "stop");
  });

  await check("tool_choice required (beyond Ollama)", async () => {
    const answer = await ollama.chat(ask("Hello!", { tool_choice: "required" }));
    assert.equal(answer.message.content, "");
    assert.ok(answer.message.tool_calls.length > 0);
  });
}
