import assert from "node:assert/strict";

import { kCitySchema, kFunctionTools, kModel, kParallelCalls, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const kFields = { model: kModel, temperature: 0, think: false };

export async function run({ check, connect, servers, require }) {
  const { HumanMessage, ToolMessage } = require("@langchain/core/messages");
  const langchain = connect();

  await check("bindTools: a call, its result, the answer", async () => {
    const chat = langchain.chat(kFields).bindTools(kFunctionTools);
    const called = await chat.invoke(kWeather);
    const [call, ...others] = called.tool_calls;
    assert.deepEqual(others, []);
    assert.equal(call.name, "get_weather");
    assert.deepEqual(call.args, { city: "Paris" });
    const result = new ToolMessage({ content: kWeatherResult, tool_call_id: call.id });
    const answered = await chat.invoke([new HumanMessage(kWeather), called, result]);
    assert.deepEqual(answered.tool_calls, []);
    assert.match(answered.content, /18/);
  });

  await check("bindTools: two calls at once, in a stream", async () => {
    const scripted = connect(await servers.axllama({ card: says(kParallelCalls) }));
    const calls = [];
    for await (const chunk of await scripted.chat(kFields).bindTools(kFunctionTools).stream("Both, please.")) {
      calls.push(...(chunk.tool_calls ?? []));
    }
    assert.deepEqual(calls.map(({ name, args }) => [name, args]), [
      ["get_weather", { city: "Rome" }],
      ["calculator", { expression: "1 + 1" }],
    ]);
  });

  await check("withStructuredOutput by a schema and in json mode", async () => {
    const chat = langchain.chat({ ...kFields, numPredict: 200 });
    const city = await chat.withStructuredOutput(kCitySchema, { method: "jsonSchema" }).invoke("Tell me about Paris.");
    assert.deepEqual(Object.keys(city), ["city", "people"]);
    const scripted = connect(await servers.axllama({ card: says('{"city": "Rome"}') })).chat(kFields);
    const object = await scripted.withStructuredOutput({ type: "object" }, { method: "jsonMode" }).invoke("A city, please.");
    assert.deepEqual(object, { city: "Rome" });
  });

  await check("withStructuredOutput by a function", async () => {
    const call = '<tool_call>\n{"name": "describe", "arguments": {"city": "Rome", "people": 2000}}\n</tool_call>';
    const scripted = connect(await servers.axllama({ card: says(call) })).chat(kFields);
    const described = scripted.withStructuredOutput(kCitySchema, { method: "functionCalling", name: "describe" });
    assert.deepEqual(await described.invoke("Tell me about Rome."), { city: "Rome", people: 2000 });
  });
}
