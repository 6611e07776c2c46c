// Packages that tests/npm/install.sh has put into a folder, which is not the one the programs lie in.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

/// A function like `require` for the packages of `folder`.
export function packages_in(folder) {
  return createRequire(resolve(folder, "package.json"));
}

/// The version that is installed. Packages may keep their package.json from being required, but not where it lies.
export function package_version(require, name) {
  const folder = require.resolve.paths(name).find((path) => existsSync(`${path}/${name}/package.json`));
  return JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")).version;
}
