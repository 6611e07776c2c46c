import assert from "node:assert/strict";

import { kAddition, kModel } from "../support/questions.mjs";

async function statuses(stream) {
  const list = [];
  for await (const { status, total, completed } of stream) {
    if (total !== undefined) assert.ok((completed ?? 0) <= total);
    list.push(status);
  }
  return list;
}

export async function run({ check, refused, connect, servers }) {
  const ollama = connect();
  const names = async () => (await ollama.list()).models.map(({ name }) => name);

  await check("create from another model, with parameters and a system prompt", async () => {
    const progress = await statuses(
      await ollama.create({
        model: "cook",
        from: kModel,
        system: "You are a cook.",
        parameters: { temperature: 0, stop: ["END"] },
        messages: [{ role: "user", content: "Hello!" }, { role: "assistant", content: "Hello! How can I help you?" }],
        license: "Free.",
        stream: true,
      }),
    );
    assert.deepEqual(progress.slice(-2), ["writing manifest", "success"]);
    const shown = await ollama.show({ model: "cook" });
    assert.equal(shown.system, "You are a cook.");
    assert.equal(shown.license, "Free.");
    assert.equal(shown.messages.length, 2);
    assert.match(shown.parameters, /^temperature\s+0$/m);
    assert.match(shown.parameters, /^stop\s+"END"$/m);
    const answer = await ollama.chat({ model: "cook", messages: [{ role: "user", content: kAddition }], think: false });
    assert.match(answer.message.content, /4/);
  });

  await check("create without a stream", async () => {
    assert.deepEqual(await ollama.create({ model: "cook-2", from: "cook" }), { status: "success" });
    assert.equal((await ollama.show({ model: "cook-2" })).system, "You are a cook.");
  });

  await check("copy, then delete", async () => {
    await ollama.copy({ source: "cook", destination: "team/copy:v1" });
    assert.ok((await names()).includes("team/copy:v1"));
    assert.deepEqual(await ollama.delete({ model: "team/copy:v1" }), { status: "success" });
    assert.ok(!(await names()).includes("team/copy:v1"));
    await ollama.delete({ model: "cook-2" });
  });

  await check("push to a registry of one's own, pull it again, answer", async () => {
    const name = `${await servers.registry()}/kitchen/cook:v1`;
    await ollama.copy({ source: "cook", destination: name });
    const pushed = await statuses(await ollama.push({ model: name, insecure: true, stream: true }));
    assert.equal(pushed[0], "retrieving manifest");
    assert.ok(pushed.some((status) => /^pushing [0-9a-f]{12}$/.test(status)), pushed.join());
    assert.equal(pushed.at(-1), "success");
    // Another server, which has it from the registry alone.
    const other = connect(await servers.axllama());
    const pulled = await statuses(await other.pull({ model: name, insecure: true, stream: true }));
    assert.equal(pulled[0], "pulling manifest");
    assert.ok(pulled.some((status) => /^pulling [0-9a-f]{12}$/.test(status)), pulled.join());
    assert.deepEqual(pulled.slice(-3), ["verifying sha256 digest", "writing manifest", "success"]);
    assert.deepEqual(await other.pull({ model: name, insecure: true }), { status: "success" });
    assert.equal((await other.show({ model: name })).system, "You are a cook.");
    const answer = await other.chat({ model: name, messages: [{ role: "user", content: kAddition }], think: false });
    assert.match(answer.message.content, /4/);
    const missing = name.replace("cook", "no-such-cook");
    await assert.rejects(other.pull({ model: missing, insecure: true }), { message: /pull model manifest: file does not exist/ });
    await assert.rejects(
      async () => statuses(await other.pull({ model: missing, insecure: true, stream: true })),
      { message: /pull model manifest: file does not exist/ },
    );
  });

  await refused("create of nothing", async () => {
    await assert.rejects(ollama.create({ model: "nothing" }), {
      status_code: 400,
      message: "neither 'from' or 'files' was specified",
    });
  });

  await refused("names that cannot be", async () => {
    await assert.rejects(ollama.create({ model: "a b", from: kModel }), { status_code: 400, message: "invalid model name" });
    await assert.rejects(ollama.copy({ source: "cook", destination: "a b" }), { status_code: 400, message: /is invalid/ });
  });
}
