// Ollama's own library for JavaScript.
import { package_version } from "../../npm/packages.mjs";

export const name = "ollama";
export const version = (require) => package_version(require, "ollama");

export function connect(host, fetch, require) {
  const { Ollama } = require("ollama");
  return new Ollama({ host, fetch });
}
