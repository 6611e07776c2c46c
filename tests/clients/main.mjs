// Lets one client use everything it can of the server:
//
//   node main.mjs CLIENT AXLLAMA PACKAGES RESULTS
//
// CLIENT is a folder beside this file: client.mjs says what it is, every other file has the checks of one surface. AXLLAMA
// is the program, PACKAGES the folder with node_modules, RESULTS the file that gets a line per check and route.
import { readdirSync } from "node:fs";

import { packages_in } from "../npm/packages.mjs";
import { Report } from "./support/report.mjs";
import { Servers } from "./support/servers.mjs";
import { Traffic } from "./support/traffic.mjs";

const [folder, program, packages, results] = process.argv.slice(2);
const load = (file) => import(new URL(`./${folder}/${file}`, import.meta.url));

const require = packages_in(packages);
const client = await load("client.mjs");
const traffic = new Traffic();
const report = new Report({ name: client.name, version: client.version(require) }, traffic, results);
const servers = new Servers(program);

try {
  const bundled = await servers.axllama();
  const context = {
    check: (...check) => report.check(...check),
    refused: (...check) => report.refused(...check),
    servers,
    traffic,
    bundled,
    /// The client, talking to one of our servers.
    connect: (url = bundled) => client.connect(url, traffic.fetch, require),
    require,
  };
  const files = readdirSync(new URL(`./${folder}/`, import.meta.url)).sort();
  for (const file of files.filter((name) => name.endsWith(".mjs") && name !== "client.mjs")) {
    report.surface = file.replace(".mjs", "").replaceAll("_", " ");
    await (await load(file)).run(context);
  }
} finally {
  await servers.stop();
}
if (report.failures > 0) {
  console.error(`${report.failures} checks of ${client.name} have failed`);
  process.exit(1);
}
