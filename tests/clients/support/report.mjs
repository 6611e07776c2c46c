// Checks of one client: each is run by itself and gives a line of JSON per route that it used,
// {"client", "version", "route", "feature", "status"}. These lines are what docs/compatibility.md is made of.
import { appendFileSync, writeFileSync } from "node:fs";

const kPatience = 240_000; // ms that one check may take, also under a sanitizer

/// "works": as Ollama, OpenAI or Anthropic have it. "refused": not offered; the client gets an error with a sentence.
const kStatuses = ["works", "refused"];

export class Report {
  /// `client` is {name, version}; `traffic` knows which routes a check used; lines go to `file`.
  constructor(client, traffic, file) {
    this.client = client;
    this.traffic = traffic;
    this.file = file;
    this.surface = "";
    this.features = new Set();
    this.failures = 0;
    writeFileSync(file, "");
  }

  /// Runs `body`, which throws when something is wrong. `status` is what it finds when nothing is.
  async check(feature, body, status = "works") {
    if (!kStatuses.includes(status)) throw new Error(`there is no status ${status}`);
    const name = `${this.surface}: ${feature}`;
    if (this.features.has(name)) throw new Error(`two checks are called "${name}"`);
    this.features.add(name);
    this.traffic.begin();
    let error;
    try {
      await within(kPatience, body());
    } catch (thrown) {
      error = thrown;
    }
    const routes = this.traffic.end();
    if (error === undefined && routes.length === 0) error = new Error("the check has asked nothing of the server");
    if (error !== undefined) {
      this.failures += 1;
      console.error(`FAILED ${this.client.name}, ${name}\n${error.stack ?? error}`);
    }
    for (const route of routes) {
      const line = JSON.stringify({
        client: this.client.name,
        version: this.client.version,
        route,
        feature: name,
        status: error === undefined ? status : "fails",
      });
      console.log(line);
      appendFileSync(this.file, line + "\n");
    }
  }

  /// The client is told no, with a sentence.
  refused(feature, body) {
    return this.check(feature, body, "refused");
  }
}

function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
