// Requests without a library, for routes that no library reaches.
export const name = "plain HTTP";
export const version = () => "no library";

export function connect(url, fetch) {
  return async (method, path, body) => {
    const response = await fetch(url + path, { method, body: body === undefined || typeof body === "string" ? body : JSON.stringify(body) });
    const type = response.headers.get("content-type") ?? "";
    const content = await response.text();
    return { status: response.status, type, body: content !== "" && type.startsWith("application/json") ? JSON.parse(content) : content };
  };
}
