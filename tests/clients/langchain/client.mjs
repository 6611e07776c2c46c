// LangChain's models on top of Ollama's library.
import { webcrypto } from "node:crypto";

import { package_version } from "../../npm/packages.mjs";

export const name = "@langchain/ollama";
export const version = (require) => package_version(require, "@langchain/ollama");

// Node.js 18 has it in a module only, and the library looks for a global.
globalThis.crypto ??= webcrypto;

export function connect(baseUrl, fetch, require) {
  const classes = require("@langchain/ollama");
  const make = (kind) => (fields) => new classes[kind]({ baseUrl, fetch, maxRetries: 0, ...fields });
  return { chat: make("ChatOllama"), text: make("Ollama"), embeddings: make("OllamaEmbeddings") };
}
