// Makes docs/compatibility.md of what the clients have found, and holds the committed one to it:
//
//   node compatibility.mjs TABLE RESULTS...
//
// RESULTS are the files of lines, one of each client. With AXLLAMA_WRITE_COMPATIBILITY=1 the table is written.
import { readFileSync, writeFileSync } from "node:fs";

const [table, ...results] = process.argv.slice(2);
const kCommand = "AXLLAMA_WRITE_COMPATIBILITY=1 ctest --test-dir build/dev -R Clients";

const lines = results
  .flatMap((file) => readFileSync(file, "utf8").split("\n"))
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line));

const dialect = (route) => {
  const path = route.split(" ")[1];
  if (path.startsWith("/v1/messages")) return "Anthropic";
  return path.startsWith("/v1/") ? "OpenAI" : "Ollama";
};
const by_path = (a, b) => {
  const [x, y] = [a.split(" ").reverse().join(" "), b.split(" ").reverse().join(" ")];
  return x < y ? -1 : x > y ? 1 : 0;
};
const row = (cells) => `| ${cells.join(" | ")} |`;
const heading = (names) => [row(names), row(names.map(() => "---"))];

const clients = [...new Map(lines.map(({ client, version }) => [client, version]))];
const routes = [...new Set(lines.map(({ route }) => route))].sort(by_path);

function cell(route, client) {
  const statuses = lines.filter((line) => line.route === route && line.client === client).map(({ status }) => status);
  const count = (status) => statuses.filter((one) => one === status).length;
  const parts = [];
  if (count("works") > 0) parts.push(`${count("works")}`);
  if (count("refused") > 0) parts.push(`${count("refused")} refused`);
  if (count("fails") > 0) parts.push(`**${count("fails")} fail**`);
  return parts.join(", ");
}

const page = [
  "# Compatibility",
  "",
  "What clients have done with the running server: the bundled model and models whose words are scripted, on the software card. This page",
  "is written by the tests in `tests/clients` and not by hand; a test fails when it is not what they find. To write it anew:",
  "",
  `    ${kCommand}`,
  "",
  "## Clients",
  "",
  ...heading(["client", "version"]),
  ...clients.map(([client, version]) => row([client, version])),
  "",
  "## Routes",
  "",
  "Checks that each client has made with a route. *Refused*: the feature is not offered; the client is told so with a sentence, in its own",
  "form of an error.",
  "",
];
for (const name of ["Ollama", "OpenAI", "Anthropic"]) {
  const spoken = routes.filter((route) => dialect(route) === name);
  const speakers = clients.filter(([client]) => spoken.some((route) => cell(route, client) !== ""));
  page.push(`### ${name}`, "", ...heading(["route", ...speakers.map(([client]) => client)]));
  for (const route of spoken) page.push(row([`\`${route}\``, ...speakers.map(([client]) => cell(route, client))]));
  page.push("");
}
page.push("## Features", "");
for (const [client] of clients) {
  page.push(`### ${client}`, "", ...heading(["feature", "routes", "status"]));
  const features = new Map();
  for (const line of lines.filter((one) => one.client === client)) {
    if (!features.has(line.feature)) features.set(line.feature, { routes: [], status: line.status });
    features.get(line.feature).routes.push(`\`${line.route}\``);
  }
  for (const [feature, { routes: used, status }] of features) page.push(row([feature, used.join(", "), status]));
  page.push("");
}
const text = page.join("\n");

if (process.env.AXLLAMA_WRITE_COMPATIBILITY) {
  writeFileSync(table, text);
} else {
  const committed = readFileSync(table, "utf8").split("\n");
  const found = text.split("\n");
  const at = found.findIndex((line, i) => line !== committed[i]);
  if (at >= 0 || found.length !== committed.length) {
    const line = at < 0 ? found.length : at;
    console.error(`${table}:${line + 1} is not what the clients have found.\n  is:     ${committed[line]}\n  found:  ${found[line]}`);
    console.error(`To write it anew: ${kCommand}`);
    process.exit(1);
  }
}
