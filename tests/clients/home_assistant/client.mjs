// What Home Assistant asks through Ollama's library for Python, decoded as strictly as that library's models do.
export const name = "Home Assistant's requests";
export const version = () => "imitated; pydantic refuses other types";

export function connect(url, fetch) {
  return { url, fetch };
}
