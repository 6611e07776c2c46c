import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";

export async function run({ check, connect }) {
  const llm = connect().text({ model: kModel, temperature: 0, think: false });
  let whole;

  await check("invoke", async () => {
    whole = await llm.invoke("What is the capital of France?");
    assert.match(whole, /Paris/);
  });

  await check("stream", async () => {
    let text = "";
    for await (const chunk of await llm.stream("What is the capital of France?")) text += chunk;
    assert.equal(text, whole);
  });
}
