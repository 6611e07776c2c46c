/// The records of a streamed answer, as they come. Throws when a line is no JSON.
export async function* records(response) {
  let rest = "";
  for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + bytes).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== "") throw new Error(`the last line does not end: ${rest}`);
}

export function post(fetch, url, body) {
  return fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}
