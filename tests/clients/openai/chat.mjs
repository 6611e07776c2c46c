import assert from "node:assert/strict";

import { check_chunks } from "../support/chunks.mjs";
import { kAddition, kCitySchema, kModel } from "../support/questions.mjs";
import { drips, says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content }],
  temperature: 0,
  reasoning_effort: "none",
  ...more,
});

export async function run({ check, refused, connect, servers }) {
  const openai = connect();
  const complete = (request) => openai.chat.completions.create(request);
  let whole;

  await check("a whole answer with its usage", async () => {
    whole = await complete(ask(kAddition));
    assert.match(whole.id, /^chatcmpl-/);
    assert.equal(whole.object, "chat.completion");
    assert.equal(whole.model, kModel);
    assert.equal(whole.choices.length, 1);
    const [{ index, message, finish_reason }] = whole.choices;
    assert.deepEqual([index, message.role, finish_reason], [0, "assistant", "stop"]);
    assert.match(message.content, /4/);
    const { prompt_tokens, completion_tokens, total_tokens } = whole.usage;
    assert.ok(prompt_tokens > 0 && completion_tokens > 0);
    assert.equal(total_tokens, prompt_tokens + completion_tokens);
  });

  await check("the same answer as a stream, its chunks in OpenAI's order", async () => {
    const chunks = [];
    for await (const chunk of await complete(ask(kAddition, { stream: true }))) chunks.push(chunk);
    const answer = check_chunks(chunks);
    assert.equal(answer.content, whole.choices[0].message.content);
    assert.equal(answer.finish_reason, "stop");
    assert.equal(answer.usage, undefined);
  });

  await check("usage at the end of a stream when asked for", async () => {
    const chunks = [];
    for await (const chunk of await complete(ask(kAddition, { stream: true, stream_options: { include_usage: true } }))) {
      chunks.push(chunk);
    }
    const { usage } = check_chunks(chunks);
    assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
    assert.ok(usage.prompt_tokens_details.cached_tokens > 0); // the prompt was there a moment ago
  });

  await check("the library's accumulated stream", async () => {
    const stream = openai.chat.completions.stream(ask(kAddition));
    let text = "";
    stream.on("content", (delta) => (text += delta));
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0].message.content, text);
    assert.equal(text, whole.choices[0].message.content);
  });

  await check("content in parts, roles system and developer", async () => {
    const answer = await complete(
      ask("", {
        messages: [
          { role: "developer", content: "You are a helpful assistant." },
          { role: "user", content: [{ type: "text", text: "What is" }, { type: "text", text: "2+2?" }] },
        ],
      }),
    );
    assert.ok(answer.usage.prompt_tokens > whole.usage.prompt_tokens);
    assert.ok(answer.choices[0].message.content.length > 0);
  });

  await check("max_completion_tokens and max_tokens end with length", async () => {
    for (const limit of [{ max_completion_tokens: 2 }, { max_tokens: 2 }]) {
      const answer = await complete(ask(kAddition, limit));
      assert.equal(answer.choices[0].finish_reason, "length");
      assert.equal(answer.usage.completion_tokens, 2);
    }
  });

  await check("stop as a string and as a list", async () => {
    const scripted = connect(await servers.axllama({ card: says("one two three") }));
    for (const stop of [" three", ["nothing", " three"]]) {
      const { choices } = await scripted.chat.completions.create(ask("Count!", { stop }));
      assert.equal(choices[0].message.content, "one two");
      assert.equal(choices[0].finish_reason, "stop");
    }
  });

  await check("logprobs", async () => {
    const { choices } = await complete(ask(kAddition, { logprobs: true, top_logprobs: 2 }));
    const { content } = choices[0].logprobs;
    assert.equal(content.map(({ token }) => token).join(""), choices[0].message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      assert.ok(logprob <= 0);
      assert.equal(Buffer.from(bytes).toString(), token);
      assert.equal(top_logprobs.length, 2);
    }
  });

  await check("reasoning_effort turns thoughts on and off", async () => {
    const { choices } = await complete(ask(kAddition, { reasoning_effort: "high" }));
    assert.ok(choices[0].message.reasoning.length > 0);
    assert.equal(whole.choices[0].message.reasoning, undefined);
    const chunks = [];
    for await (const chunk of await complete(ask(kAddition, { reasoning_effort: "low", stream: true }))) chunks.push(chunk);
    const answer = check_chunks(chunks);
    assert.ok(answer.reasoning.length > 0);
    assert.match(answer.content, /4/);
  });

  await check("n answers", async () => {
    const { choices, usage } = await complete(ask(kAddition, { n: 2 }));
    assert.deepEqual(choices.map(({ index }) => index), [0, 1]);
    assert.equal(choices[0].message.content, choices[1].message.content); // greedy
    assert.equal(usage.completion_tokens, 2 * whole.usage.completion_tokens);
  });

  await check("a seed repeats an answer", async () => {
    const request = ask("Hello!", { temperature: 2, seed: 5, max_tokens: 20 });
    assert.equal((await complete(request)).choices[0].message.content, (await complete(request)).choices[0].message.content);
  });

  await check("response_format json_schema and json_object", async () => {
    const form = (response_format) => ask("Tell me about Paris.", { response_format, max_tokens: 200 });
    const schema = { type: "json_schema", json_schema: { name: "city", strict: true, schema: kCitySchema } };
    const city = JSON.parse((await complete(form(schema))).choices[0].message.content);
    assert.deepEqual(Object.keys(city), ["city", "people"]);
    const parsed = await openai.chat.completions.parse(form(schema));
    assert.ok(kCitySchema.properties.city.enum.includes(JSON.parse(parsed.choices[0].message.content).city));
    const { choices } = await complete(form({ type: "json_object" }));
    if (choices[0].finish_reason === "stop") JSON.parse(choices[0].message.content);
  });

  await check("forms as llama.cpp and vLLM ask for them", async () => {
    const answer = async (form) =>
      (await complete(ask("Tell me about Paris.", { ...form, temperature: 1.5, seed: 4, max_tokens: 200 }))).choices[0].message.content;
    assert.match(await answer({ grammar: 'root ::= "In " [A-Z] [a-z]{2,8} "."' }), /^In [A-Z][a-z]{2,8}\.$/);
    assert.match(await answer({ guided_regex: "[0-9]{2,4} people" }), /^[0-9]{2,4} people$/);
    assert.ok(["Paris", "Rome"].includes(await answer({ guided_choice: ["Paris", "Rome"] })));
    assert.ok(["Paris", "Rome"].includes(await answer({ structured_outputs: { choice: ["Paris", "Rome"] } })));
    assert.deepEqual(Object.keys(JSON.parse(await answer({ guided_json: kCitySchema }))), ["city", "people"]);
    assert.deepEqual(Object.keys(JSON.parse(await answer({ json_schema: kCitySchema }))), ["city", "people"]);
    await assert.rejects(answer({ guided_regex: "(" }), { status: 400, message: /'\(' has no '\)'/ });
  });

  await check("abort ends the answer on the card, too", async () => {
    const scripted = connect(await servers.axllama({ card: drips(200), options: ["--parallel", "1"] }));
    const stream = await scripted.chat.completions.create(ask("Go on!", { stream: true }));
    let chunks = 0;
    for await (const chunk of stream) {
      assert.equal(chunk.choices[0].finish_reason, null);
      if (++chunks === 3) stream.controller.abort();
    }
    const next = await scripted.chat.completions.create(ask("And now?", { max_tokens: 2 }));
    assert.equal(next.usage.completion_tokens, 2);
  });

  await refused("pictures, by a model without vision", async () => {
    const picture = (url) => [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }];
    for (const [url, words] of [["data:image/png;base64,iVBORw0KGgo=", /image|vision/], ["https://example.com/a.png", /base64/]]) {
      await assert.rejects(complete(ask("", { messages: picture(url) })), (error) => {
        assert.ok(error instanceof openai.constructor.BadRequestError);
        assert.match(error.message, words);
        return true;
      });
    }
  });
}
