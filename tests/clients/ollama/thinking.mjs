import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";
import { says } from "../support/scripts.mjs";

const ask = (think, more = {}) => ({
  model: kModel,
  messages: [{ role: "user", content: kAddition }],
  think,
  options: { temperature: 0 },
  ...more,
});

export async function run({ check, refused, connect, servers }) {
  const ollama = connect();

  await check("think true gives thoughts apart from the answer", async () => {
    const { message } = await ollama.chat(ask(true));
    assert.ok(message.thinking.length > 0);
    assert.match(message.content, /4/);
    assert.doesNotMatch(message.thinking + message.content, /<\/?think>/);
  });

  await check("think false gives none", async () => {
    const { message } = await ollama.chat(ask(false));
    assert.equal(message.thinking, undefined);
    assert.match(message.content, /4/);
  });

  await check("left out, a model that can think does", async () => {
    const { message } = await ollama.chat(ask(undefined));
    assert.ok(message.thinking.length > 0);
  });

  await check("levels", async () => {
    for (const level of ["low", "medium", "high", "max"]) {
      assert.ok((await ollama.chat(ask(level))).message.thinking.length > 0, level);
    }
  });

  await check("thoughts come first in a stream", async () => {
    const scripted = connect(await servers.axllama({ card: says("<think>\nLet me see.\n</think>\n\nFour.") }));
    let [thinking, content] = ["", ""];
    for await (const { message } of await scripted.chat(ask(true, { stream: true }))) {
      if (message.thinking) {
        assert.equal(content + message.content, "");
        thinking += message.thinking;
      }
      content += message.content;
    }
    assert.equal(thinking.trim(), "Let me see.");
    assert.equal(content, "Four.");
  });

  await check("generate has them, too", async () => {
    const answer = await ollama.generate({ model: kModel, prompt: kAddition, think: true, options: { temperature: 0 } });
    assert.ok(answer.thinking.length > 0);
    assert.match(answer.response, /4/);
  });

  await refused("a level that there is not", async () => {
    await assert.rejects(ollama.chat(ask("very")), { status_code: 400, message: /invalid think value: "very"/ });
  });
}
