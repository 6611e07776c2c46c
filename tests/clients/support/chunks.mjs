// The order in which OpenAI sends a streamed chat, checked strictly: the role once and first, thoughts, text, calls, a chunk
// of its own for the end, then usage without choices.
import assert from "node:assert/strict";

/// Checks the chunks of one answer (n = 1); what they say together.
export function check_chunks(chunks) {
  const answer = { content: "", reasoning: "", tool_calls: [] };
  const [first] = chunks;
  for (const chunk of chunks) {
    assert.equal(chunk.object, "chat.completion.chunk");
    assert.equal(chunk.id, first.id);
    assert.equal(chunk.created, first.created);
    assert.equal(chunk.model, first.model);
  }
  if (chunks.at(-1).choices.length === 0) {
    answer.usage = chunks.pop().usage;
    assert.ok(answer.usage.prompt_tokens > 0);
    for (const { usage } of chunks) assert.equal(usage, null);
  }
  const last = chunks.pop();
  assert.deepEqual(last.choices[0].delta, {});
  assert.equal(typeof last.choices[0].finish_reason, "string");
  answer.finish_reason = last.choices[0].finish_reason;
  assert.ok(chunks.length > 0);
  for (const [i, { choices }] of chunks.entries()) {
    assert.equal(choices.length, 1);
    const [{ index, delta, finish_reason }] = choices;
    assert.equal(index, 0);
    assert.equal(finish_reason, null);
    assert.equal(delta.role, i === 0 ? "assistant" : undefined);
    if (delta.reasoning) assert.equal(answer.content + delta.content, "");
    if (delta.content) assert.equal(answer.tool_calls.length, 0);
    answer.reasoning += delta.reasoning ?? "";
    answer.content += delta.content ?? "";
    for (const call of delta.tool_calls ?? []) {
      assert.equal(call.index, answer.tool_calls.length);
      assert.equal(call.type, "function");
      answer.tool_calls.push(call);
    }
  }
  return answer;
}
