import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { kModel } from "../support/questions.mjs";

export async function run({ check, refused, connect }) {
  const ask = connect();

  await check("is it running?", async () => {
    assert.deepEqual(await ask("GET", "/"), { status: 200, type: "text/plain; charset=utf-8", body: "Ollama is running" });
    for (const path of ["/", "/api/version", "/api/tags"]) {
      const { status, body } = await ask("HEAD", path);
      assert.deepEqual([status, body], [200, ""]);
    }
  });

  await check("tokens of a text and back", async () => {
    const { body } = await ask("POST", "/api/tokenize", { model: kModel, text: "Hello, world!" });
    assert.ok(body.tokens.length > 1);
    const back = await ask("POST", "/api/detokenize", { model: kModel, tokens: body.tokens });
    assert.equal(back.body.text ?? back.body.content, "Hello, world!");
  });

  await check("blobs by their digest", async () => {
    const content = "not much";
    const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
    assert.equal((await ask("HEAD", `/api/blobs/${digest}`)).status, 404);
    assert.equal((await ask("POST", `/api/blobs/${digest}`, content)).status, 201);
    assert.equal((await ask("POST", `/api/blobs/${digest}`, content)).status, 200);
    assert.equal((await ask("HEAD", `/api/blobs/${digest}`)).status, 200);
    const wrong = await ask("POST", `/api/blobs/sha256:${"0".repeat(64)}`, content);
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.error, /digest mismatch, expected/);
    assert.equal((await ask("HEAD", "/api/blobs/nonsense")).status, 400);
  });

  await check("an offline server says so", async () => {
    const { status, body } = await ask("GET", "/api/status");
    assert.deepEqual([status, body.cloud.disabled], [200, true]);
    assert.deepEqual((await ask("GET", "/api/experimental/model-recommendations")).body, { recommendations: [] });
    assert.equal((await ask("POST", "/api/signout")).status, 200);
    assert.equal((await ask("DELETE", "/api/user/keys/abc")).status, 200);
  });

  await refused("accounts and searches in the web", async () => {
    assert.equal((await ask("POST", "/api/me")).status, 401);
    for (const path of ["/api/experimental/web_search", "/api/experimental/web_fetch"]) {
      const { status, body } = await ask("POST", path, { query: "x", url: "x" });
      assert.equal(status, 403);
      assert.match(body.error, /ollama cloud is disabled/);
    }
  });

  await check("a stream is taken up again", async () => {
    const question = { model: kModel, messages: [{ role: "user", content: "What is 2+2?" }] };
    const begun = await ask("POST", "/api/chat", question, { "X-Axllama-Resumable": "1" });
    const records = begun.body.trimEnd().split("\n");
    assert.ok(records.length > 2);
    const path = `/api/streams/${begun.stream}`;
    assert.deepEqual((await ask("GET", `${path}?from=1`)).body.trimEnd().split("\n"), records.slice(1));
    assert.equal((await ask("DELETE", path)).status, 204);
    assert.equal((await ask("GET", "/api/streams/00000000000000000000000000000000")).status, 404);
  });

  await refused("ranking, by a model that does not rank", async () => {
    const { status, body } = await ask("POST", "/v1/rerank", { model: kModel, query: "x", documents: ["y"] });
    assert.equal(status, 400);
    assert.match(body.error.message, /does not support rerank/);
  });

  await refused("transcriptions", async () => {
    const form = `--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n${kModel}\r\n--x--\r\n`;
    const { status, body } = await ask("POST", "/v1/audio/transcriptions", form);
    assert.equal(status, 400);
    assert.match(body.error.message, /does not support audio/);
  });

  await check("errors have the dialect of their route", async () => {
    assert.deepEqual(await ask("POST", "/api/chat", ""), {
      status: 400,
      type: "application/json; charset=utf-8",
      body: { error: "missing request body" },
    });
    const openai = await ask("POST", "/v1/chat/completions", "{");
    assert.equal(openai.status, 400);
    assert.deepEqual(Object.keys(openai.body.error), ["message", "type", "param", "code"]);
    const anthropic = await ask("POST", "/v1/messages", "{");
    assert.equal(anthropic.status, 400);
    assert.deepEqual([anthropic.body.type, anthropic.body.error.type], ["error", "invalid_request_error"]);
  });
}
