// Servers for clients to talk to: `axllama serve` on a free loopback port with a store of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const kStartPatience = 60_000; // ms
const kStopPatience = 30_000;
const kPoll = 10;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function free_port() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/// A program that runs until stop(). Its folder goes with it.
class Child {
  constructor(folder, command, environment = {}) {
    this.folder = folder;
    this.log = join(folder, "log");
    const output = openSync(this.log, "a");
    this.process = spawn(command[0], command.slice(1), {
      env: { ...process.env, ...environment },
      stdio: ["ignore", output, output],
    });
    this.ended = new Promise((resolve) => {
      this.process.on("error", (error) => resolve(error.message));
      this.process.on("exit", (code, signal) => resolve(code ?? signal));
    });
    this.running = true;
    this.ended.then(() => (this.running = false));
  }

  /// Waits until `ready` is true or gives something.
  async start(ready) {
    const deadline = Date.now() + kStartPatience;
    for (;;) {
      const value = await ready();
      if (value) return value;
      if (!this.running || Date.now() > deadline) {
        this.process.kill("SIGKILL");
        throw new Error(`${this.process.spawnfile} did not start:\n${readFileSync(this.log, "utf8")}`);
      }
      await pause(kPoll);
    }
  }

  /// The exit status, or the signal.
  async stop() {
    this.process.kill("SIGTERM");
    const kill = setTimeout(() => this.process.kill("SIGKILL"), kStopPatience);
    const status = await this.ended;
    clearTimeout(kill);
    const log = readFileSync(this.log, "utf8");
    rmSync(this.folder, { recursive: true, force: true });
    return { status, log };
  }
}

/// All servers of one run.
export class Servers {
  /// `program` is axllama.
  constructor(program) {
    this.program = program;
    this.children = [];
  }

  /// Its URL. `card` is how the software card is set (docs/softcard.md), such as with a script of what a model will say;
  /// without one the bundled model speaks for itself.
  async axllama({ card, options = [], environment = {} } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "axllama-clients-"));
    const port_file = join(folder, "port");
    const settings = {
      HOME: folder,
      OLLAMA_MODELS: join(folder, "store"),
      AXLLAMA_SOFTCARD_THREADS: "1", // the model is small, and tests run side by side
      ...environment,
    };
    if (card) {
      settings.AXLLAMA_SOFTCARD_CONFIG = join(folder, "card.json");
      writeFileSync(settings.AXLLAMA_SOFTCARD_CONFIG, JSON.stringify(card));
    }
    // A program of another architecture is run as CTest says.
    const emulator = (process.env.AXLLAMA_EMULATOR ?? "").split(" ").filter((word) => word !== "");
    const serve = ["serve", "--host", "127.0.0.1:0", "--port-file", port_file, ...options];
    const child = new Child(folder, [...emulator, this.program, ...serve], settings);
    this.children.push(child);
    const port = await child.start(() => {
      try {
        return readFileSync(port_file, "utf8").trim();
      } catch {
        return "";
      }
    });
    return `http://127.0.0.1:${port}`;
  }

  /// Debian's docker-registry; its HOST:PORT.
  async registry() {
    const folder = mkdtempSync(join(tmpdir(), "axllama-clients-"));
    const host = `127.0.0.1:${await free_port()}`;
    const config = join(folder, "registry.yml");
    writeFileSync(
      config,
      `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${folder}/registry}}\n` +
        `http: {addr: "${host}"}\n`,
    );
    const child = new Child(folder, ["docker-registry", "serve", config]);
    this.registry_child = child;
    await child.start(async () => {
      try {
        return (await fetch(`http://${host}/v2/`)).ok;
      } catch {
        return false;
      }
    });
    return host;
  }

  /// Ends them all. Throws when a server of ours did not end well.
  async stop() {
    await this.registry_child?.stop();
    const ends = await Promise.all(this.children.map((child) => child.stop()));
    for (const { status, log } of ends) {
      if (status !== 0) throw new Error(`a server has ended with ${status}:\n${log}`);
    }
  }
}
