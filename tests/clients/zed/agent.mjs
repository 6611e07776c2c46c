import assert from "node:assert/strict";

import { boolean, list, object, one_of, optional, struct, text, unsigned } from "../support/decoder.mjs";
import { post, records } from "../support/ndjson.mjs";
import { kFunctionTools, kModel, kParallelCalls, kWeather, kWeatherResult } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const decode_tags = struct({
  models: list(
    struct({
      name: text,
      modified_at: text,
      size: unsigned,
      digest: text,
      details: struct({ format: text, family: text, parameter_size: text, quantization_level: text }),
    }),
  ),
});
const decode_show = struct({ model_info: object, capabilities: list(text) });
// An enum by its role: another one is an error.
const decode_delta = struct({
  model: text,
  created_at: text,
  message: struct({
    role: one_of("assistant"),
    content: text,
    thinking: optional(text),
    tool_calls: optional(list(struct({ id: text, function: struct({ name: text, arguments: object }) }))),
  }),
  done: boolean,
  done_reason: optional(text),
  prompt_eval_count: optional(unsigned),
  eval_count: optional(unsigned),
});

async function complete({ url, fetch }, messages, more = {}) {
  const response = await post(fetch, `${url}/api/chat`, {
    model: kModel,
    messages,
    stream: true,
    keep_alive: -1,
    options: { num_ctx: 2048, stop: [], temperature: 0, top_p: 1 },
    tools: kFunctionTools,
    think: false,
    ...more,
  });
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  const answer = { content: "", thinking: "", tool_calls: [] };
  for await (const record of records(response)) {
    const { message, done, prompt_eval_count, eval_count } = decode_delta(record);
    answer.content += message.content;
    answer.thinking += message.thinking ?? "";
    answer.tool_calls.push(...(message.tool_calls ?? []));
    if (done) Object.assign(answer, { prompt_eval_count, eval_count });
  }
  assert.ok(answer.prompt_eval_count > 0 && answer.eval_count > 0);
  return answer;
}

export async function run({ check, connect, servers }) {
  const zed = connect();

  await check("models with their capabilities and context", async () => {
    const { models } = decode_tags(await (await zed.fetch(`${zed.url}/api/tags`)).json());
    assert.ok(models.length > 0);
    for (const { name } of models) {
      const { model_info, capabilities } = decode_show(await (await post(zed.fetch, `${zed.url}/api/show`, { model: name })).json());
      assert.ok(capabilities.includes("tools") && capabilities.includes("thinking"));
      unsigned(model_info[`${model_info["general.architecture"]}.context_length`], "context_length");
    }
  });

  await check("an agent's turn with a tool", async () => {
    const messages = [{ role: "user", content: kWeather, images: null }];
    const called = await complete(zed, messages);
    assert.deepEqual(called.tool_calls.map((call) => call.function), [{ name: "get_weather", arguments: { city: "Paris" } }]);
    messages.push(
      { role: "assistant", content: "", tool_calls: called.tool_calls, images: null, thinking: null },
      { role: "tool", tool_name: "get_weather", content: kWeatherResult },
    );
    assert.match((await complete(zed, messages)).content, /18/);
  });

  await check("several calls at once", async () => {
    const scripted = connect(await servers.axllama({ card: says(kParallelCalls) }));
    const { tool_calls } = await complete(scripted, [{ role: "user", content: "Both, please." }]);
    assert.equal(tool_calls.length, 2);
  });

  await check("thoughts", async () => {
    const answer = await complete(zed, [{ role: "user", content: kWeather }], { think: true, tools: [] });
    assert.ok(answer.thinking.length > 0);
  });
}
