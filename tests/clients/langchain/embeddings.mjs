import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";
import { check_unit_vector } from "../support/vectors.mjs";

export async function run({ check, connect }) {
  const embeddings = connect().embeddings({ model: kModel });

  await check("documents and a query", async () => {
    const documents = await embeddings.embedDocuments(["The capital of France is Paris.", "Two and two are four."]);
    assert.equal(documents.length, 2);
    const query = await embeddings.embedQuery("Two and two are four.");
    check_unit_vector(query, documents[0].length);
    assert.deepEqual(query, documents[1]);
  });
}
