import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";

const kMinute = 60_000;
const kYears = 20 * 365 * 24 * 60 * kMinute; // beyond that Ollama's command line says "Forever"

export async function run({ check, refused, connect }) {
  const ollama = connect();

  /// How long the model stays after a request with `keep_alive`, in ms; nothing when it is gone.
  async function stays(keep_alive) {
    await ollama.generate({ model: kModel, prompt: "", keep_alive });
    const { models } = await ollama.ps();
    return models.length === 0 ? undefined : Date.parse(models[0].expires_at) - Date.now();
  }

  /// Unloading is asked for at once and done soon.
  async function isGone() {
    for (let tries = 0; (await ollama.ps()).models.length > 0; ++tries) {
      assert.ok(tries < 1000, "the model stays");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  await check("an empty prompt loads, with 0 it unloads", async () => {
    const loaded = await ollama.generate({ model: kModel, prompt: "" });
    assert.deepEqual([loaded.response, loaded.done, loaded.done_reason], ["", true, "load"]);
    const unloaded = await ollama.generate({ model: kModel, prompt: "", keep_alive: 0 });
    assert.deepEqual([unloaded.response, unloaded.done, unloaded.done_reason], ["", true, "unload"]);
    await isGone();
  });

  await check("no messages do the same", async () => {
    const loaded = await ollama.chat({ model: kModel });
    assert.deepEqual([loaded.message.content, loaded.done_reason], ["", "load"]);
    assert.equal((await ollama.chat({ model: kModel, keep_alive: 0 })).done_reason, "unload");
    await isGone();
  });

  await check("5 minutes when nothing is said", async () => {
    const left = await stays(undefined);
    assert.ok(left > 3 * kMinute && left <= 5 * kMinute, `${left}`);
  });

  await check("-1 and negative durations are for ever", async () => {
    for (const value of [-1, "-1m"]) assert.ok((await stays(value)) > kYears, value);
  });

  await check("durations, and numbers of seconds", async () => {
    for (const [value, minutes] of [["10m", 10], ["1h30m", 90], [1800, 30], [900.5, 15], ["600", 10]]) {
      const left = await stays(value);
      assert.ok(left > (minutes - 2) * kMinute && left <= (minutes + 1) * kMinute, `${value}: ${left}`);
    }
  });

  await check("left out, it stays as it was", async () => {
    await stays("2h");
    await ollama.chat({ model: kModel, messages: [{ role: "user", content: kAddition }], think: false });
    const { models } = await ollama.ps();
    assert.ok(Date.parse(models[0].expires_at) - Date.now() > 100 * kMinute);
  });

  await check("0 with a prompt answers, then unloads", async () => {
    const answer = await ollama.generate({ model: kModel, prompt: kAddition, think: false, keep_alive: 0 });
    assert.ok(answer.eval_count > 0);
    await isGone();
  });

  await refused("what is no duration", async () => {
    for (const value of [true, [], "soon"]) {
      await assert.rejects(ollama.generate({ model: kModel, prompt: "", keep_alive: value }), { status_code: 400 });
    }
  });
}
