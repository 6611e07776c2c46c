// Zstandard frames without a library: the content stands in raw blocks (RFC 8878).
const kMostBlockBytes = 128 * 1024;

export function zstd_frame(text) {
  const content = Buffer.from(text);
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0])]; // magic; single segment, 4 bytes of content size
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  parts.push(size);
  for (let at = 0; at < content.length; at += kMostBlockBytes) {
    const block = content.subarray(at, at + kMostBlockBytes);
    const last = at + kMostBlockBytes >= content.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | last, 0, 3); // type 0: raw
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
