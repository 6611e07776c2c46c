import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";
import { check_unit_vector } from "../support/vectors.mjs";

export async function run({ check, refused, connect }) {
  const ollama = connect();
  const embed = (input, more = {}) => ollama.embed({ model: kModel, input, ...more });
  const kTexts = ["The capital of France is Paris.", "Two and two are four."];
  let size;

  await check("embed: one text and several", async () => {
    const several = await embed(kTexts);
    assert.equal(several.model, kModel);
    assert.equal(several.embeddings.length, 2);
    size = several.embeddings[0].length;
    for (const vector of several.embeddings) check_unit_vector(vector, size);
    assert.notDeepEqual(several.embeddings[0], several.embeddings[1]);
    assert.ok(several.prompt_eval_count > 0 && several.total_duration > 0);
    assert.deepEqual((await embed(kTexts[1])).embeddings, [several.embeddings[1]]);
  });

  await check("embed: dimensions", async () => {
    const { embeddings } = await embed(kTexts[0], { dimensions: 32 });
    check_unit_vector(embeddings[0], 32);
    const whole = await embed(kTexts[0], { dimensions: 100_000 });
    assert.equal(whole.embeddings[0].length, size);
  });

  await check("embed: nothing loads the model", async () => {
    for (const input of ["", []]) assert.deepEqual((await embed(input)).embeddings, []);
  });

  await check("embed: a long text is cut, or refused with truncate false", async () => {
    const long = "word ".repeat(5000);
    check_unit_vector((await embed(long)).embeddings[0], size);
    await assert.rejects(embed(long, { truncate: false }), { status_code: 400, message: /context length/ });
  });

  await check("embeddings: the older route", async () => {
    const { embedding } = await ollama.embeddings({ model: kModel, prompt: kTexts[0] });
    assert.equal(embedding.length, size);
    assert.deepEqual((await ollama.embeddings({ model: kModel, prompt: "" })).embedding, []);
  });

  await check("an unknown model is 404", async () => {
    const message = 'model "nope" not found, try pulling it first';
    await assert.rejects(ollama.embed({ model: "nope", input: "x" }), { status_code: 404, message });
    await assert.rejects(ollama.embeddings({ model: "nope", prompt: "x" }), { status_code: 404, message });
  });

  await refused("what is no text", async () => {
    await assert.rejects(embed([1, {}]), { status_code: 400 });
  });
}
