/** What a request's body says; undefined where it is longer than that. Text of another kind than UTF-8 is nobody's XML here. */
export async function readText(request: Request, bytesMax: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (request.body === null) return ''
  for await (const chunk of request.body) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  // Without the mark at its beginning.
  return new TextDecoder().decode(Buffer.concat(chunks))
}
