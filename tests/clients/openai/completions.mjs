import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";

const kPrompt = "The capital of France is";
const ask = (prompt, more = {}) => ({ model: kModel, prompt, temperature: 0, max_tokens: 8, raw: true, ...more });

export async function run({ check, refused, connect }) {
  const openai = connect();
  const complete = (request) => openai.completions.create(request);
  let whole;

  await check("a whole answer", async () => {
    whole = await complete(ask(kPrompt));
    assert.match(whole.id, /^cmpl-/);
    assert.equal(whole.object, "text_completion");
    assert.match(whole.choices[0].text, /Paris/);
    assert.ok(whole.usage.completion_tokens <= 8);
  });

  await check("the same answer as a stream, with usage", async () => {
    const chunks = [];
    for await (const chunk of await complete(ask(kPrompt, { stream: true, stream_options: { include_usage: true } }))) {
      chunks.push(chunk);
    }
    const { choices, usage } = chunks.pop();
    assert.deepEqual(choices, []);
    assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
    assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), whole.choices[0].text);
    assert.equal(chunks.at(-1).choices[0].finish_reason, whole.choices[0].finish_reason);
    for (const chunk of chunks.slice(0, -1)) assert.equal(chunk.choices[0].finish_reason, null);
  });

  await check("several prompts at once", async () => {
    const { choices } = await complete(ask([kPrompt, kPrompt]));
    assert.deepEqual(choices.map(({ index, text }) => [index, text]), [[0, whole.choices[0].text], [1, whole.choices[0].text]]);
  });

  await check("echo, logprobs, n", async () => {
    const { choices } = await complete(ask(kPrompt, { echo: true, n: 2 }));
    assert.deepEqual(choices.map(({ text }) => text), [kPrompt + whole.choices[0].text, kPrompt + whole.choices[0].text]);
    const [{ text, logprobs }] = (await complete(ask(kPrompt, { logprobs: 2 }))).choices;
    assert.equal(logprobs.tokens.join(""), text);
    assert.equal(logprobs.token_logprobs.length, logprobs.tokens.length);
  });

  await refused("suffix, by a model without fill-in-the-middle", async () => {
    await assert.rejects(complete(ask("def f(", { suffix: "return x" })), {
      status: 400,
      message: /does not support insert/,
    });
  });
}
