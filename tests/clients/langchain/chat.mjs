import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";
import { breaks, drips } from "../support/scripts.mjs";

const kFields = { model: kModel, temperature: 0, think: false };

export async function run({ check, connect, servers, require }) {
  const langchain = connect();
  const chat = langchain.chat(kFields);
  let whole;

  await check("invoke, with usage", async () => {
    whole = await chat.invoke(kAddition);
    assert.match(whole.content, /4/);
    assert.ok(whole.usage_metadata.input_tokens > 0 && whole.usage_metadata.output_tokens > 0);
    assert.equal(whole.response_metadata.done_reason, "stop");
  });

  await check("stream", async () => {
    let text = "";
    for await (const chunk of await chat.stream(kAddition)) text += chunk.content;
    assert.equal(text, whole.content);
  });

  await check("batch", async () => {
    const answers = await chat.batch([kAddition, kAddition]);
    assert.deepEqual(answers.map(({ content }) => content), [whole.content, whole.content]);
  });

  await check("a conversation with a system message", async () => {
    const { AIMessage, HumanMessage, SystemMessage } = require("@langchain/core/messages");
    const answer = await chat.invoke([
      new SystemMessage("You are a helpful assistant."),
      new HumanMessage("Hello!"),
      new AIMessage("Hello! How can I help you?"),
      new HumanMessage({ content: [{ type: "text", text: kAddition }] }),
    ]);
    assert.match(answer.content, /4/);
  });

  await check("think", async () => {
    const answer = await langchain.chat({ ...kFields, think: true }).invoke(kAddition);
    assert.ok(answer.additional_kwargs.reasoning_content.length > 0);
    assert.match(answer.content, /4/);
  });

  await check("keepAlive, numPredict, stop", async () => {
    const short = langchain.chat({ ...kFields, keepAlive: "10m", numPredict: 1, seed: 3, numCtx: 8192 });
    assert.equal((await short.invoke(kAddition)).response_metadata.done_reason, "length");
    const stopped = await chat.invoke(kAddition, { stop: [whole.content.slice(-2)] });
    assert.ok(whole.content.startsWith(stopped.content) && stopped.content.length < whole.content.length);
  });

  await check("a model is looked for before it is asked", async () => {
    const answer = await langchain.chat({ ...kFields, checkOrPullModel: true }).invoke(kAddition);
    assert.equal(answer.content, whole.content);
  });

  await check("abort", async () => {
    const url = await servers.axllama({ card: drips(200), options: ["--parallel", "1"] });
    const scripted = connect(url).chat({ ...kFields, numPredict: 1000 });
    const leave = new AbortController();
    await assert.rejects(async () => {
      for await (const chunk of await scripted.stream("Go on!", { signal: leave.signal })) {
        assert.equal(typeof chunk.content, "string");
        leave.abort();
      }
    });
    const next = await connect(url).chat({ ...kFields, numPredict: 2 }).invoke("And now?");
    assert.equal(next.usage_metadata.output_tokens, 2);
  });

  await check("an unknown model, a card that fails", async () => {
    const missing = langchain.chat({ ...kFields, model: "nope" });
    await assert.rejects(missing.invoke(kAddition), { message: "model 'nope' not found" });
    const scripted = connect(await servers.axllama({ card: breaks() }));
    await assert.rejects(scripted.chat(kFields).invoke(kAddition), (error) => !/Did not receive done/.test(error.message));
  });
}
