// OpenAI's own library for JavaScript.
import { package_version } from "../../npm/packages.mjs";

export const name = "openai";
export const version = (require) => package_version(require, "openai");

export function connect(url, fetch, require) {
  const { OpenAI } = require("openai");
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", fetch, maxRetries: 0 });
}
