import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";
import { check_unit_vector } from "../support/vectors.mjs";

export async function run({ check, refused, connect }) {
  const openai = connect();
  const { BadRequestError, NotFoundError } = openai.constructor;
  const embed = (input, more = {}) => openai.embeddings.create({ model: kModel, input, ...more });
  const kTexts = ["The capital of France is Paris.", "Two and two are four."];
  let size;

  await check("as base64, which the library asks for by itself", async () => {
    const { object, data, usage, model } = await embed(kTexts);
    assert.deepEqual([object, model], ["list", kModel]);
    assert.deepEqual(data.map(({ object: kind, index }) => [kind, index]), [["embedding", 0], ["embedding", 1]]);
    size = data[0].embedding.length;
    for (const { embedding } of data) check_unit_vector(embedding, size);
    assert.ok(usage.prompt_tokens > 0);
    assert.equal(usage.total_tokens, usage.prompt_tokens);
  });

  await check("as numbers, the same", async () => {
    const [base64, float] = [await embed(kTexts[0]), await embed(kTexts[0], { encoding_format: "float" })];
    float.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - base64.data[0].embedding[i]) < 1e-6));
  });

  await check("dimensions", async () => {
    check_unit_vector((await embed(kTexts[0], { dimensions: 32 })).data[0].embedding, 32);
  });

  await check("an unknown model is a NotFoundError", async () => {
    await assert.rejects(openai.embeddings.create({ model: "nope", input: "x" }), (error) => error instanceof NotFoundError);
  });

  await refused("nothing, and other encodings", async () => {
    const is_bad = (words) => (error) => error instanceof BadRequestError && words.test(error.message);
    await assert.rejects(embed([]), is_bad(/invalid input/));
    await assert.rejects(embed("x", { encoding_format: "hex" }), is_bad(/Invalid value for 'encoding_format' = hex/));
  });
}
