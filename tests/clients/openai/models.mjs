import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";

export async function run({ check, connect }) {
  const openai = connect();

  await check("list", async () => {
    const ids = [];
    for await (const model of openai.models.list()) {
      assert.equal(model.object, "model");
      assert.equal(model.owned_by, "library");
      assert.ok(model.created > 1_600_000_000 && Number.isInteger(model.created));
      ids.push(model.id);
    }
    assert.ok(ids.includes(`${kModel}:latest`), ids.join());
  });

  await check("retrieve", async () => {
    assert.equal((await openai.models.retrieve(kModel)).id, `${kModel}:latest`);
  });

  await check("an unknown one is a NotFoundError", async () => {
    await assert.rejects(openai.models.retrieve("no/such-model"), (error) => error instanceof openai.constructor.NotFoundError);
  });
}
