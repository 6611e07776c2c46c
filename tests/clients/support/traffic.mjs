// Sees which routes a client uses, and ends what a check leaves unfinished.
import assert from "node:assert/strict";

// Paths with a part that varies.
const kPatterns = [
  [/^\/v1\/models\/.+$/, "/v1/models/NAME"],
  [/^\/api\/blobs\/.+$/, "/api/blobs/DIGEST"],
  [/^\/api\/streams\/.+$/, "/api/streams/ID"],
  [/^\/api\/user\/keys\/.+$/, "/api/user/keys/KEY"],
];

export class Traffic {
  constructor() {
    this.begin();
  }

  begin() {
    this.routes = new Set();
    this.check = new AbortController();
  }

  /// The routes used since begin(), sorted. Requests still going on are aborted.
  end() {
    this.check.abort();
    return [...this.routes].sort();
  }

  see(method, path) {
    for (const [pattern, name] of kPatterns) {
      if (pattern.test(path)) path = name;
    }
    this.routes.add(`${method} ${path}`);
  }

  /// A fetch for clients to use.
  get fetch() {
    return async (input, options = {}) => {
      const url = new URL(input);
      assert.equal(url.hostname, "127.0.0.1", `a client asks ${url.host}`);
      this.see((options.method ?? "GET").toUpperCase(), url.pathname);
      const signals = [this.check.signal, ...(options.signal ? [options.signal] : [])];
      return fetch(input, { ...options, signal: AbortSignal.any(signals) });
    };
  }
}
