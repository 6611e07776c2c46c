// What the editor Zed asks, decoded as strictly as its structs do.
export const name = "Zed's requests";
export const version = () => "imitated; serde refuses missing fields and other types";

export function connect(url, fetch) {
  return { url, fetch };
}
