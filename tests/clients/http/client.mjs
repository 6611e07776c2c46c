// Requests without a library, for routes that no library reaches.
export const name = "plain HTTP";
export const version = () => "no library";

export function connect(url, fetch) {
  return async (method, path, body, headers = {}) => {
    const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(url + path, { method, headers, body: sent });
    const type = response.headers.get("content-type") ?? "";
    const content = await response.text();
    const stream = response.headers.get("x-axllama-stream-id");
    return { ...(stream && { stream }), status: response.status, type, body: content !== "" && type.startsWith("application/json") ? JSON.parse(content) : content };
  };
}
