import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";
import { drips, says } from "../support/scripts.mjs";

const ask = (content, more = {}) => ({
  model: kModel,
  max_tokens: 100,
  temperature: 0,
  messages: [{ role: "user", content }],
  ...more,
});

/// The order of a streamed message, checked strictly; the blocks that its deltas make.
async function read(stream) {
  const blocks = [];
  let [started, open, last] = [false, null, null];
  for await (const event of stream) {
    if (event.type === "message_start") {
      assert.equal(started, false);
      started = true;
      assert.deepEqual(event.message.content, []);
      assert.equal(event.message.role, "assistant");
      assert.ok(event.message.usage.input_tokens > 0);
    } else if (event.type === "content_block_start") {
      assert.equal(open, null);
      assert.equal(event.index, blocks.length);
      open = event.index;
      blocks.push({ type: event.content_block.type, text: "" });
    } else if (event.type === "content_block_delta") {
      assert.equal(event.index, open);
      const { text, thinking, partial_json } = event.delta;
      blocks[open].text += text ?? thinking ?? partial_json ?? "";
    } else if (event.type === "content_block_stop") {
      assert.equal(event.index, open);
      open = null;
    } else if (event.type === "message_delta") {
      assert.equal(open, null);
      last = event;
    } else {
      assert.equal(event.type, "message_stop");
      assert.ok(last);
    }
    assert.ok(started);
  }
  return { blocks, stop_reason: last.delta.stop_reason, usage: last.usage };
}

export async function run({ check, refused, connect, servers }) {
  const anthropic = connect();
  const create = (request) => anthropic.messages.create(request);
  let whole;

  await check("a whole message with its usage", async () => {
    whole = await create(ask(kAddition));
    assert.match(whole.id, /^msg_/);
    assert.deepEqual([whole.type, whole.role, whole.model, whole.stop_reason, whole.stop_sequence], ["message", "assistant", kModel, "end_turn", null]);
    assert.equal(whole.content.length, 1);
    assert.equal(whole.content[0].type, "text");
    assert.match(whole.content[0].text, /4/);
    assert.ok(whole.usage.input_tokens > 0 && whole.usage.output_tokens > 0);
  });

  await check("the same message as a stream, its events in order", async () => {
    const { blocks, stop_reason, usage } = await read(await create(ask(kAddition, { stream: true })));
    assert.deepEqual(blocks, [{ type: "text", text: whole.content[0].text }]);
    assert.equal(stop_reason, "end_turn");
    assert.equal(usage.output_tokens, whole.usage.output_tokens);
  });

  await check("the library's accumulated stream", async () => {
    const stream = anthropic.messages.stream(ask(kAddition));
    let text = "";
    stream.on("text", (delta) => (text += delta));
    const final = await stream.finalMessage();
    assert.equal(final.content[0].text, whole.content[0].text);
    assert.equal(text, whole.content[0].text);
    assert.equal(final.stop_reason, "end_turn");
  });

  await check("system as a string and as blocks, content in blocks", async () => {
    const blocks = [{ type: "text", text: "You are " }, { type: "text", text: "a helpful assistant." }];
    const as_string = await create(ask(kAddition, { system: "You are a helpful assistant." }));
    const as_blocks = await create(ask([{ type: "text", text: kAddition }], { system: blocks }));
    assert.deepEqual(as_blocks.content, as_string.content);
  });

  await check("thinking is a block of its own", async () => {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    const message = await create(ask(kAddition, { thinking, max_tokens: 2000 }));
    assert.deepEqual(message.content.map(({ type }) => type), ["thinking", "text"]);
    assert.ok(message.content[0].thinking.length > 0);
    const { blocks } = await read(await create(ask(kAddition, { thinking, max_tokens: 2000, stream: true })));
    assert.deepEqual(blocks, [{ type: "thinking", text: message.content[0].thinking }, { type: "text", text: message.content[1].text }]);
    const final = await anthropic.messages.stream(ask(kAddition, { thinking, max_tokens: 2000 })).finalMessage();
    assert.deepEqual(final.content, message.content);
  });

  await check("thoughts of an earlier turn come back", async () => {
    const messages = [
      { role: "user", content: "Hello!" },
      { role: "assistant", content: [{ type: "thinking", thinking: "A greeting.", signature: "" }, { type: "text", text: "Hello!" }] },
      { role: "user", content: kAddition },
    ];
    assert.match((await create(ask("", { messages }))).content[0].text, /4/);
  });

  await check("max_tokens", async () => {
    const cut = await create(ask(kAddition, { max_tokens: 1 }));
    assert.equal(cut.stop_reason, "max_tokens");
    assert.equal(cut.usage.output_tokens, 1);
  });

  await check("stop_sequences are not part of the answer, which says which it was", async () => {
    const scripted = connect(await servers.axllama({ card: says("one two three") }));
    const message = await scripted.messages.create(ask("Count!", { stop_sequences: [" three"] }));
    assert.equal(message.content[0].text, "one two");
    assert.deepEqual([message.stop_reason, message.stop_sequence], ["stop_sequence", " three"]);
  });

  await check("count_tokens", async () => {
    const { model, messages } = ask(kAddition);
    const { input_tokens } = await anthropic.messages.countTokens({ model, messages });
    const { cache_read_input_tokens: cached, input_tokens: read_tokens } = (await create(ask(kAddition))).usage;
    assert.equal(input_tokens, cached + read_tokens);
  });

  await check("abort ends the answer on the card, too", async () => {
    const scripted = connect(await servers.axllama({ card: drips(200), options: ["--parallel", "1"] }));
    const stream = scripted.messages.stream(ask("Go on!"));
    stream.on("text", () => stream.abort());
    await assert.rejects(stream.finalMessage(), (error) => error instanceof anthropic.constructor.APIUserAbortError);
    const next = await scripted.messages.create(ask("And now?", { max_tokens: 2 }));
    assert.equal(next.usage.output_tokens, 2);
  });

  await refused("pictures, by a model without vision", async () => {
    const picture = (source) => ask([{ type: "image", source }]);
    const { BadRequestError } = anthropic.constructor;
    const data = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" };
    await assert.rejects(create(picture(data)), (error) => error instanceof BadRequestError && /image|vision/.test(error.message));
    const url = { type: "url", url: "https://example.com/a.png" };
    await assert.rejects(create(picture(url)), (error) => error instanceof BadRequestError && /base64/.test(error.message));
  });
}
