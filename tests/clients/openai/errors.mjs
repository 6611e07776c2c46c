import assert from "node:assert/strict";

import { kSmallQueue, refusal } from "../support/full_queue.mjs";
import { kModel } from "../support/questions.mjs";
import { breaks } from "../support/scripts.mjs";

const ask = (more = {}) => ({ model: kModel, messages: [{ role: "user", content: "Hello!" }], reasoning_effort: "none", ...more });

export async function run({ check, connect, servers }) {
  const openai = connect();
  const { NotFoundError, BadRequestError, InternalServerError, APIError } = openai.constructor;
  const complete = (request) => openai.chat.completions.create(request);
  const is = (kind, more) => (error) => {
    assert.ok(error instanceof kind, `${error}`);
    for (const [name, value] of Object.entries(more)) {
      if (value instanceof RegExp) assert.match(error[name], value);
      else assert.equal(error[name], value);
    }
    return true;
  };

  await check("an unknown model is a NotFoundError", async () => {
    const not_found = is(NotFoundError, { status: 404, type: "not_found_error", message: "404 model 'nope' not found", param: null, code: null });
    await assert.rejects(complete(ask({ model: "nope" })), not_found);
    await assert.rejects(complete(ask({ model: "nope", stream: true })), not_found);
    await assert.rejects(openai.completions.create({ model: "nope", prompt: "x" }), not_found);
    await assert.rejects(openai.responses.create({ model: "nope", input: "x" }), not_found);
  });

  await check("what is wrong with a request is a BadRequestError", async () => {
    const bad = (message) => is(BadRequestError, { status: 400, type: "invalid_request_error", message });
    await assert.rejects(complete(ask({ messages: [] })), bad(/\[\] is too short - 'messages'/));
    await assert.rejects(complete(ask({ model: "" })), bad(/model is required/));
    await assert.rejects(complete(ask({ temperature: "hot" })), bad(/temperature/));
    await assert.rejects(complete(ask({ reasoning_effort: "very" })), bad(/invalid reasoning value/));
    await assert.rejects(complete(ask({ messages: [{ role: "user", content: null }] })), bad(/invalid message content type/));
  });

  await check("a card that fails is an InternalServerError", async () => {
    const scripted = connect(await servers.axllama({ card: breaks() }));
    await assert.rejects(scripted.chat.completions.create(ask()), is(InternalServerError, { type: "api_error" }));
  });

  await check("a card that fails in mid-stream ends it with an error", async () => {
    const scripted = connect(await servers.axllama({ card: breaks() }));
    const read = async (stream) => {
      for await (const chunk of stream) assert.equal(chunk.choices?.[0]?.finish_reason ?? null, null);
    };
    await assert.rejects(async () => read(await scripted.chat.completions.create(ask({ stream: true }))), APIError);
    await assert.rejects(async () => read(await scripted.completions.create({ model: kModel, prompt: "x", stream: true })), APIError);
  });

  await check("a full queue is 503 and says when to come again", async () => {
    const busy = connect(await servers.axllama(kSmallQueue));
    const error = await refusal(() => busy.chat.completions.create(ask()));
    is(InternalServerError, { status: 503, type: "api_error", message: /server busy, please try again/ })(error);
    assert.ok(Number(error.headers.get("retry-after")) > 0);
  });
}
