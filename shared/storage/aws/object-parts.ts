// Cutting a byte source of unknown length into parts of equal size.

/** Parts of exactly `partBytes`, the last one shorter; none at all for an empty source. */
export async function* partsOf(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    for (let start = 0; start < source.byteLength; start += partBytes) {
      yield source.subarray(start, start + partBytes)
    }
    return
  }
  let chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of source) {
    let rest = chunk
    while (bytes + rest.byteLength >= partBytes) {
      chunks.push(rest.subarray(0, partBytes - bytes))
      rest = rest.subarray(partBytes - bytes)
      yield joined(chunks)
      chunks = []
      bytes = 0
    }
    if (rest.byteLength > 0) {
      chunks.push(rest)
      bytes += rest.byteLength
    }
  }
  if (bytes > 0) yield joined(chunks)
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)
}
