import assert from "node:assert/strict";

import { kSmallQueue, refusal } from "../support/full_queue.mjs";
import { kModel } from "../support/questions.mjs";
import { breaks, kStory } from "../support/scripts.mjs";

const kMissing = "no-such-model";
const ask = (model, more = {}) => ({ model, messages: [{ role: "user", content: "Hello!" }], ...more });

export async function run({ check, refused, connect, servers }) {
  const ollama = connect();

  await check("an unknown model is 404 with Ollama's words", async () => {
    const not_found = { name: "ResponseError", status_code: 404, message: `model '${kMissing}' not found` };
    await assert.rejects(ollama.chat(ask(kMissing)), not_found);
    await assert.rejects(ollama.chat(ask(kMissing, { stream: true })), not_found);
    await assert.rejects(ollama.generate({ model: kMissing, prompt: "x" }), not_found);
    await assert.rejects(ollama.show({ model: kMissing }), not_found);
    await assert.rejects(ollama.delete({ model: kMissing }), not_found);
    await assert.rejects(ollama.copy({ source: kMissing, destination: "x" }), {
      status_code: 404,
      message: `model "${kMissing}" not found`,
    });
  });

  await check("names that cannot be are 400", async () => {
    await assert.rejects(ollama.chat(ask("a b/c:d:e")), { status_code: 400, message: "invalid model name" });
    await assert.rejects(ollama.chat(ask("")), { status_code: 400, message: "model is required" });
  });

  await check("options of the wrong type are 400", async () => {
    await assert.rejects(ollama.chat(ask(kModel, { options: { temperature: "hot" } })), { status_code: 400, message: /temperature/ });
    await assert.rejects(ollama.chat(ask(kModel, { options: { stop: 5 } })), { status_code: 400, message: /stop/ });
  });

  await check("a card that fails in mid-stream ends it with an error", async () => {
    const scripted = connect(await servers.axllama({ card: breaks() }));
    let text = "";
    await assert.rejects(
      async () => {
        for await (const { message, done } of await scripted.chat(ask(kModel, { stream: true, think: false }))) {
          assert.equal(done, false);
          text += message.content;
        }
      },
      (error) => error.message.length > 10 && !/Did not receive done/.test(error.message),
    );
    assert.ok(text.length > 0 && kStory.startsWith(text), text);
  });

  await check("a card that fails before the answer is 500", async () => {
    const scripted = connect(await servers.axllama({ card: breaks() }));
    await assert.rejects(scripted.chat(ask(kModel, { think: false })), (error) => error.status_code >= 500);
  });

  await check("a full queue is 503", async () => {
    const busy = connect(await servers.axllama(kSmallQueue));
    const { status_code, message } = await refusal(() => busy.chat(ask(kModel, { think: false })));
    assert.equal(status_code, 503);
    assert.equal(message, "server busy, please try again.  maximum pending requests exceeded");
  });
}
