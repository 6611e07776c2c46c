// A server with room for one answer and one request that waits.
import { drips } from "./scripts.mjs";

export const kSmallQueue = {
  card: drips(200),
  options: ["--parallel", "1"],
  environment: { OLLAMA_MAX_QUEUE: "1" },
};

/// How a request is refused there: `ask` begins one; its promise rejects. The end of the check ends the others.
export function refusal(ask) {
  const requests = Array.from({ length: 4 }, () =>
    ask().then(
      () => new Promise(() => {}),
      (error) => error,
    ),
  );
  return Promise.race(requests);
}
