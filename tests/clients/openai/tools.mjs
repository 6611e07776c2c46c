import assert from "node:assert/strict";

import { check_chunks } from "../support/chunks.mjs";
import { kFunctionTools, kModel, kParallelCalls, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content }],
  tools: kFunctionTools,
  temperature: 0,
  reasoning_effort: "none",
  ...more,
});

export async function run({ check, connect, servers }) {
  const openai = connect();
  const complete = (request) => openai.chat.completions.create(request);

  await check("one call, its result, the answer", async () => {
    const request = ask(kWeather);
    const [{ message, finish_reason }] = (await complete(request)).choices;
    assert.equal(finish_reason, "tool_calls");
    const [call, ...others] = message.tool_calls;
    assert.deepEqual(others, []);
    assert.equal(call.type, "function");
    assert.equal(call.function.name, "get_weather");
    assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
    request.messages.push(message, { role: "tool", tool_call_id: call.id, content: kWeatherResult });
    const [answered] = (await complete(request)).choices;
    assert.equal(answered.finish_reason, "stop");
    assert.match(answered.message.content, /18/);
  });

  await check("two calls at once, in a stream", async () => {
    const scripted = connect(await servers.axllama({ card: says(kParallelCalls) }));
    const chunks = [];
    for await (const chunk of await scripted.chat.completions.create(ask("Both, please.", { stream: true }))) chunks.push(chunk);
    const answer = check_chunks(chunks);
    assert.equal(answer.finish_reason, "tool_calls");
    assert.deepEqual(
      answer.tool_calls.map(({ function: { name, arguments: text } }) => [name, JSON.parse(text)]),
      [["get_weather", { city: "Rome" }], ["calculator", { expression: "1 + 1" }]],
    );
    assert.notEqual(answer.tool_calls[0].id, answer.tool_calls[1].id);
    const final = await scripted.chat.completions.stream(ask("Both, please.")).finalChatCompletion();
    assert.equal(final.choices[0].message.tool_calls.length, 2);
  });

  await check("tool_choice required and named", async () => {
    const [required] = (await complete(ask("Hello!", { tool_choice: "required" }))).choices;
    assert.ok(required.message.tool_calls.length > 0);
    const choice = { type: "function", function: { name: "calculator" } };
    const [named] = (await complete(ask(kWeather, { tool_choice: choice }))).choices;
    assert.deepEqual(named.message.tool_calls.map((call) => call.function.name), ["calculator"]);
    assert.equal(typeof JSON.parse(named.message.tool_calls[0].function.arguments).expression, "string");
  });

  await check("tool_choice none", async () => {
    const [{ message, finish_reason }] = (await complete(ask(kWeather, { tool_choice: "none" }))).choices;
    assert.equal(message.tool_calls, undefined);
    assert.notEqual(finish_reason, "tool_calls");
  });

  await check("the library runs the tools by itself", async () => {
    const asked = [];
    const runner = openai.chat.completions.runTools({
      ...ask(kWeather),
      tools: [
        {
          type: "function",
          function: {
            ...kFunctionTools[0].function,
            parse: JSON.parse,
            function: ({ city }) => {
              asked.push(city);
              return kWeatherResult;
            },
          },
        },
      ],
    });
    assert.match(await runner.finalContent(), /18/);
    assert.deepEqual(asked, ["Paris"]);
  });
}
