// Message bytes as a mail server sends them: every line ends with CRLF, and there is no NUL (RFC 5322 §2.1, RFC 3501 §2.2). Files of other systems
// end lines with LF; where CRLF stands already, and where a CR stands alone, nothing is changed. A NUL becomes 0x80, as Dovecot shows it.

const CR = 0x0d
const LF = 0x0a
const NUL = 0x00
const SHOWN_FOR_NUL = 0x80

export type WireForm = { readonly nuls: number; readonly bytes: number }

/** `told` is filled when the last byte has come. */
export async function* wireForm(
  source: AsyncIterable<Uint8Array>,
  told?: (form: WireForm) => void,
): AsyncGenerator<Uint8Array> {
  let afterCr = false
  let nuls = 0
  let bytes = 0
  for await (const chunk of source) {
    const mended = mend(chunk, afterCr)
    afterCr = (chunk.at(-1) ?? (afterCr ? CR : 0)) === CR
    nuls += mended.nuls
    bytes += mended.chunk.length
    yield mended.chunk
  }
  told?.({ nuls, bytes })
}

/** The chunk itself where nothing is to be mended. */
function mend(chunk: Uint8Array, afterCr: boolean): { readonly chunk: Uint8Array; nuls: number } {
  const bare = countBare(chunk, afterCr)
  const hasNul = chunk.includes(NUL)
  if (bare === 0 && !hasNul) return { chunk, nuls: 0 }
  const out = Buffer.allocUnsafe(chunk.length + bare)
  let nuls = 0
  let to = 0
  let before = afterCr ? CR : 0
  for (const byte of chunk) {
    if (byte === LF && before !== CR) out[to++] = CR
    if (byte === NUL) nuls++
    out[to++] = byte === NUL ? SHOWN_FOR_NUL : byte
    before = byte
  }
  return { chunk: out, nuls }
}

/** LFs without their CR. */
function countBare(chunk: Uint8Array, afterCr: boolean): number {
  let count = 0
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
    if (at === 0 ? !afterCr : chunk[at - 1] !== CR) count++
  }
  return count
}
