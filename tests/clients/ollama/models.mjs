import assert from "node:assert/strict";

import { kModel } from "../support/questions.mjs";

export async function run({ check, connect }) {
  const ollama = connect();

  await check("version", async () => {
    const { version } = await ollama.version();
    const [major, minor, patch] = version.split(".").map(Number);
    // Below 0.6.4 VS Code does not talk to a server at all; from 0.35 on clients expect routes that are not here.
    assert.ok(major === 0 && (minor > 6 || (minor === 6 && patch >= 4)) && minor < 35, version);
  });

  await check("list", async () => {
    const { models } = await ollama.list();
    const model = models.find(({ name }) => name === `${kModel}:latest`);
    assert.ok(model, JSON.stringify(models));
    assert.equal(model.model, model.name);
    assert.match(model.digest, /^[0-9a-f]{64}$/);
    assert.ok(model.size > 1_000_000);
    assert.ok(!Number.isNaN(Date.parse(model.modified_at)));
    assert.deepEqual(model.details.families, [model.details.family]);
  });

  await check("show: model_info, capabilities, template, parameters", async () => {
    const shown = await ollama.show({ model: kModel });
    const family = shown.model_info["general.architecture"];
    assert.equal(shown.model_info[`${family}.context_length`], 2048);
    assert.equal(shown.details.family, family);
    assert.deepEqual(shown.capabilities, ["completion", "tools", "thinking"]);
    assert.match(shown.template, /\.Tools/);
    assert.match(shown.modelfile, /^FROM /m);
    // As Continue reads them: it fails on a line that does not match.
    for (const line of shown.parameters.split("\n")) assert.match(line, /^(\S+)\s+((?:".*")|\S+)$/);
  });

  await check("show: a system prompt of the request's", async () => {
    const shown = await ollama.show({ model: kModel, system: "Be brief." });
    assert.equal(shown.system, "Be brief.");
    assert.match(shown.modelfile, /SYSTEM "?Be brief\."?/);
  });

  await check("ps: not there before a request, there after it", async () => {
    const find = async () => (await ollama.ps()).models.find(({ name }) => name === `${kModel}:latest`);
    await ollama.generate({ model: kModel, prompt: "", keep_alive: 0 });
    assert.equal(await find(), undefined);
    await ollama.generate({ model: kModel, prompt: "" });
    const model = await find();
    assert.equal(model.model, model.name);
    assert.ok(model.size > 0 && model.digest.length >= 12);
    assert.equal(model.context_length, 2048);
    assert.ok(Date.parse(model.expires_at) > Date.now());
  });
}
