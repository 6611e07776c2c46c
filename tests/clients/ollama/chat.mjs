import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";
import { drips, says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content }],
  think: false,
  options: { temperature: 0 },
  ...more,
});

async function all(stream) {
  const records = [];
  for await (const record of stream) records.push(record);
  return records;
}

export async function run({ check, refused, connect, servers }) {
  const ollama = connect();
  let whole;

  await check("a whole answer with its counts and durations", async () => {
    whole = await ollama.chat(ask(kAddition));
    assert.equal(whole.message.role, "assistant");
    assert.match(whole.message.content, /4/);
    assert.equal(whole.model, kModel);
    assert.equal(whole.done, true);
    assert.equal(whole.done_reason, "stop");
    for (const name of ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"]) {
      assert.ok(whole[name] > 0 && Number.isInteger(whole[name]), name);
    }
    assert.ok(whole.prompt_eval_count > 0 && whole.eval_count > 0);
    assert.ok(!Number.isNaN(Date.parse(whole.created_at)));
  });

  await check("the same answer as a stream", async () => {
    const records = await all(await ollama.chat(ask(kAddition, { stream: true })));
    assert.ok(records.length > 1);
    for (const record of records) {
      assert.equal(record.message.role, "assistant");
      assert.equal(typeof record.message.content, "string");
      assert.equal(record.model, kModel);
    }
    assert.deepEqual(
      records.map(({ done }) => done),
      records.map((_, i) => i === records.length - 1),
    );
    assert.equal(records.map(({ message }) => message.content).join(""), whole.message.content);
    assert.equal(records.at(-1).eval_count, whole.eval_count);
  });

  await check("a conversation with a system prompt", async () => {
    const answer = await ollama.chat(
      ask("", {
        messages: [
          { role: "system", content: "You are a helpful assistant." },
          { role: "user", content: "Hello!" },
          { role: "assistant", content: "Hello! How can I help you?" },
          { role: "user", content: kAddition },
        ],
      }),
    );
    assert.match(answer.message.content, /4/);
    assert.ok(answer.prompt_eval_count > whole.prompt_eval_count);
  });

  await check("num_predict ends an answer with done_reason length", async () => {
    const answer = await ollama.chat(ask(kAddition, { options: { temperature: 0, num_predict: 1 } }));
    assert.equal(answer.done_reason, "length");
    assert.equal(answer.eval_count, 1);
  });

  await check("a seed repeats an answer", async () => {
    const options = { temperature: 2, seed: 7, num_predict: 20 };
    const [first, second] = [await ollama.chat(ask("Hello!", { options })), await ollama.chat(ask("Hello!", { options }))];
    assert.equal(first.message.content, second.message.content);
  });

  await check("options that are gone or unknown change nothing", async () => {
    const options = { temperature: 0, mirostat: 1, tfs_z: 1, num_ctx: 131072, num_gpu: 99, low_vram: true, nonsense: {} };
    assert.equal((await ollama.chat(ask(kAddition, { options }))).message.content, whole.message.content);
  });

  await check("stop strings are not part of the answer", async () => {
    const scripted = connect(await servers.axllama({ card: says("one two three") }));
    const answer = await scripted.chat(ask("Count!", { options: { stop: [" three", "nothing"] } }));
    assert.equal(answer.message.content, "one two");
    assert.equal(answer.done_reason, "stop");
  });

  await check("logprobs with alternatives", async () => {
    const answer = await ollama.chat(ask(kAddition, { logprobs: true, top_logprobs: 3 }));
    assert.equal(answer.logprobs.length, answer.eval_count - 1); // the end has none
    assert.equal(answer.logprobs.map(({ token }) => token).join(""), answer.message.content);
    for (const { token, logprob, bytes, top_logprobs } of answer.logprobs) {
      assert.equal(Buffer.from(bytes).toString(), token);
      assert.ok(logprob <= 0);
      assert.equal(top_logprobs.length, 3);
      assert.equal(top_logprobs[0].token, token); // greedy
      assert.ok(top_logprobs[0].logprob >= top_logprobs[1].logprob);
    }
  });

  await check("abort ends the answer on the card, too", async () => {
    const scripted = connect(await servers.axllama({ card: drips(200), options: ["--parallel", "1"] }));
    const stream = await scripted.chat(ask("Go on!", { stream: true }));
    let records = 0;
    await assert.rejects(
      async () => {
        for await (const record of stream) {
          assert.equal(record.done, false);
          if (++records === 3) stream.abort();
        }
      },
      { name: "AbortError" },
    );
    // One answer at a time: this one begins when the other is over, which by itself it would not be for minutes.
    const next = await scripted.chat(ask("And now?", { options: { num_predict: 2 } }));
    assert.equal(next.eval_count, 2);
  });

  await refused("pictures, by a model without vision", async () => {
    const messages = [{ role: "user", content: "What is this?", images: [new Uint8Array([0x89, 0x50, 0x4e, 0x47])] }];
    await assert.rejects(ollama.chat(ask("", { messages })), { status_code: 400, message: /image|vision/ });
  });
}
