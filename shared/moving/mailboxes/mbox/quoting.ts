// Lines of a message that begin as the line between two messages does: mboxrd puts a `>` before each that begins with `From `, whatever
// number of `>` it has already, and so nothing is lost. Linear, and bounded in memory whatever the lines are.

const LF = 0x0a
const GREATER = 0x3e
const F = 0x46
const FROM = Buffer.from('From ')
const PIECE_BYTES = 64 * 1024
const piece = Buffer.alloc(PIECE_BYTES, GREATER)

/** `change`: `>` that each such line gets (1) or loses (-1). */
export async function* requoted(
  source: AsyncIterable<Uint8Array>,
  change: 1 | -1,
): AsyncGenerator<Uint8Array> {
  // What has come of a line that may be one: so many `>`, and so many bytes of `From `.
  let isOpen = true
  let marks = 0
  let matched = 0
  for await (const chunk of source) {
    const parts: Uint8Array[] = []
    let from = 0
    let at = 0
    const endLook = (marksWritten: number) => {
      parts.push(...greater(marksWritten), FROM.subarray(0, matched))
      ;[isOpen, marks, matched, from] = [false, 0, 0, at]
    }
    while (at < chunk.length) {
      if (!isOpen) {
        const end = chunk.indexOf(LF, at)
        if (end < 0) break
        at = end + 1
        const next = chunk[at]
        // At the end of a chunk nobody knows yet.
        if (next !== undefined && next !== GREATER && next !== F) continue
        parts.push(chunk.subarray(from, at))
        ;[isOpen, from] = [true, at]
        continue
      }
      const byte = chunk[at]
      if (byte === GREATER && matched === 0) {
        marks++
        at++
      } else if (byte === FROM[matched]) {
        matched++
        at++
        if (matched === FROM.length) endLook(Math.max(0, marks + change))
      } else endLook(marks)
    }
    if (!isOpen) parts.push(chunk.subarray(from))
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    // What was counted for long is not put together again.
    if (bytes > chunk.length + PIECE_BYTES) yield* parts
    else if (bytes > 0) yield parts.length === 1 ? (parts[0] ?? chunk) : Buffer.concat(parts)
  }
  if (isOpen) {
    yield* greater(marks)
    if (matched > 0) yield FROM.subarray(0, matched)
  }
}

function* greater(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= PIECE_BYTES) {
    yield piece.subarray(0, Math.min(left, PIECE_BYTES))
  }
}
