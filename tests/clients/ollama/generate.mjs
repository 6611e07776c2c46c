import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";
import { drips } from "../support/scripts.mjs";

const ask = (prompt, more = {}) => ({ model: kModel, prompt, think: false, options: { temperature: 0 }, ...more });

export async function run({ check, refused, connect, servers }) {
  const ollama = connect();
  let whole;

  await check("a whole answer", async () => {
    whole = await ollama.generate(ask(kAddition));
    assert.match(whole.response, /4/);
    assert.equal(whole.done, true);
    assert.equal(whole.done_reason, "stop");
    assert.ok(whole.prompt_eval_count > 0 && whole.eval_count > 0 && whole.total_duration > 0);
  });

  await check("the same answer as a stream", async () => {
    let [text, last] = ["", null];
    for await (const record of await ollama.generate(ask(kAddition, { stream: true }))) {
      text += record.response;
      last = record;
    }
    assert.equal(text, whole.response);
    assert.equal(last.done, true);
    assert.deepEqual(last.context, whole.context);
  });

  await check("context goes on with the conversation", async () => {
    assert.ok(whole.context.length === whole.prompt_eval_count + whole.eval_count, `${whole.context.length}`);
    const next = await ollama.generate(ask("And 3+3?", { context: whole.context }));
    assert.ok(next.prompt_eval_count > whole.context.length);
    assert.deepEqual(next.context.slice(0, whole.context.length), whole.context);
  });

  await check("raw prompts are taken as they are", async () => {
    const answer = await ollama.generate(ask("The capital of France is", { raw: true }));
    assert.match(answer.response, /Paris/);
    assert.equal(answer.context, undefined);
    assert.ok(answer.prompt_eval_count < whole.prompt_eval_count);
  });

  await check("system and template of the request's", async () => {
    const with_system = await ollama.generate(ask(kAddition, { system: "You are a helpful assistant." }));
    assert.ok(with_system.prompt_eval_count > whole.prompt_eval_count);
    const templated = await ollama.generate(ask("The capital of France", { template: "{{ .Prompt }} is" }));
    assert.match(templated.response, /Paris/);
  });

  await check("logprobs", async () => {
    const answer = await ollama.generate(ask(kAddition, { logprobs: true }));
    assert.equal(answer.logprobs.map(({ token }) => token).join(""), answer.response);
    assert.equal(answer.logprobs[0].top_logprobs, undefined);
  });

  await check("abort of all that is going on", async () => {
    const scripted = connect(await servers.axllama({ card: drips(200), options: ["--parallel", "1"] }));
    const stream = await scripted.generate(ask("Go on!", { stream: true }));
    await assert.rejects(
      async () => {
        for await (const record of stream) {
          assert.equal(record.done, false);
          scripted.abort();
        }
      },
      { name: "AbortError" },
    );
    const next = await scripted.generate(ask("And now?", { options: { num_predict: 2 } }));
    assert.equal(next.eval_count, 2);
  });

  await refused("raw together with system", async () => {
    await assert.rejects(ollama.generate(ask("x", { raw: true, system: "y" })), {
      status_code: 400,
      message: "raw mode does not support template, system, or context",
    });
  });

  await refused("suffix, by a model without fill-in-the-middle", async () => {
    await assert.rejects(ollama.generate(ask("def f(", { suffix: "return x" })), {
      status_code: 400,
      message: /does not support insert/,
    });
  });

  await refused("pictures, by a model without vision", async () => {
    await assert.rejects(ollama.generate(ask("What is this?", { images: ["iVBORw0KGgo="] })), {
      status_code: 400,
      message: /image|vision/,
    });
  });
}
