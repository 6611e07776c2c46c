// Anthropic's own library for JavaScript.
import { package_version } from "../../npm/packages.mjs";

export const name = "@anthropic-ai/sdk";
export const version = (require) => package_version(require, "@anthropic-ai/sdk");

export function connect(baseURL, fetch, require) {
  const { Anthropic } = require("@anthropic-ai/sdk");
  return new Anthropic({ baseURL, apiKey: "any", fetch, maxRetries: 0 });
}
