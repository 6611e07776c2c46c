import assert from "node:assert/strict";

import { kSmallQueue, refusal } from "../support/full_queue.mjs";
import { kModel } from "../support/questions.mjs";
import { breaks } from "../support/scripts.mjs";

const ask = (more = {}) => ({ model: kModel, max_tokens: 50, messages: [{ role: "user", content: "Hello!" }], ...more });

export async function run({ check, connect, servers }) {
  const anthropic = connect();
  const { NotFoundError, BadRequestError, InternalServerError, APIError } = anthropic.constructor;
  const is = (kind, type, words) => (error) => {
    assert.ok(error instanceof kind, `${error}`);
    assert.equal(error.error.type, "error");
    assert.equal(error.error.error.type, type);
    assert.match(error.error.error.message, words);
    assert.match(error.error.request_id, /^req_/);
    return true;
  };

  await check("an unknown model is a NotFoundError", async () => {
    const not_found = is(NotFoundError, "not_found_error", /^model 'nope' not found$/);
    await assert.rejects(anthropic.messages.create(ask({ model: "nope" })), not_found);
    await assert.rejects(anthropic.messages.create(ask({ model: "nope", stream: true })), not_found);
    await assert.rejects(anthropic.messages.countTokens({ model: "nope", messages: ask().messages }), not_found);
  });

  await check("what is wrong with a request is a BadRequestError", async () => {
    const bad = (words) => is(BadRequestError, "invalid_request_error", words);
    await assert.rejects(anthropic.messages.create(ask({ max_tokens: undefined })), bad(/max_tokens is required and must be positive/));
    await assert.rejects(anthropic.messages.create(ask({ messages: [] })), bad(/messages is required/));
    await assert.rejects(anthropic.messages.create(ask({ temperature: "hot" })), bad(/temperature/));
  });

  await check("a card that fails is an InternalServerError, in mid-stream too", async () => {
    const scripted = connect(await servers.axllama({ card: breaks() }));
    await assert.rejects(scripted.messages.create(ask()), (error) => error instanceof InternalServerError);
    await assert.rejects(scripted.messages.stream(ask()).finalMessage(), (error) => error instanceof APIError);
  });

  await check("a full queue is overloaded_error", async () => {
    const busy = connect(await servers.axllama(kSmallQueue));
    is(InternalServerError, "overloaded_error", /server busy/)(await refusal(() => busy.messages.create(ask())));
  });
}
