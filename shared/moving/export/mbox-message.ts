// One message of ours as it stands in an mbox. It is read twice: what is written before its bytes depends on all of them.

import type { Message } from '#shared/contracts/mailbox.ts'
import { type Digest, digesting } from '../mailboxes/digest.ts'
import { fromLine } from '../mailboxes/mbox/from-line.ts'
import { HEADER_BYTES_MAX } from '../mailboxes/mbox/mbox-file.ts'
import { requoted } from '../mailboxes/mbox/quoting.ts'
import { shownHeader } from '../mailboxes/mbox/status-header.ts'

export type Measured = {
  /** Of the message as it is here. */
  readonly digest: Digest
  /** As it is written: up to the empty line that ends its header, and in all. */
  readonly headerBytes: number
  readonly bytes: number
  /** There is such a line. */
  readonly hasBody: boolean
  /** Flags and uid are read of it. */
  readonly hasStatus: boolean
  readonly endsLine: boolean
  readonly sender: string
  /** What does not come back as it was. */
  readonly losses: readonly string[]
}

/** Of the first message, for the whole folder. */
export type FolderBase = {
  readonly uidValidity: number
  readonly lastUid: number
  readonly keywords: readonly string[]
}

const CR = 0x0d
const LF = 0x0a

export async function measure(source: AsyncIterable<Uint8Array>): Promise<Measured> {
  let digest: Digest | undefined
  const lost = { doubled: 0, hidden: false }
  const told = (found: Digest) => (digest = found)
  const written = asWritten(digesting(source, told), lost)
  const held: Uint8Array[] = []
  let [bytes, heldBytes, headerBytes, last] = [0, 0, -1, LF]
  for await (const chunk of written) {
    if (headerBytes < 0) headerBytes = emptyLineIn(chunk, last, bytes)
    if (headerBytes < 0 || heldBytes < headerBytes) {
      if (heldBytes < HEADER_BYTES_MAX) held.push(chunk)
      heldBytes += chunk.length
    }
    bytes += chunk.length
    last = chunk.at(-1) ?? last
  }
  if (digest === undefined) throw new Error('a message ended without its end')
  const hasBody = headerBytes >= 0
  const length = hasBody ? headerBytes : bytes
  const header = Buffer.concat(held).toString('latin1', 0, Math.min(length, HEADER_BYTES_MAX))
  const losses = [
    ...(digest.bareLineFeeds > 0 ? ['lines that end with LF alone come back with CRLF'] : []),
    ...(lost.doubled > 0 ? ['a CR before the end of a line is lost'] : []),
    ...(lost.hidden ? ['has header lines that an mbox keeps for itself, as Status'] : []),
    ...(length > HEADER_BYTES_MAX ? ['its header is too large to have flags in it'] : []),
    ...(!hasBody && last !== LF ? ['its last line gets an end'] : []),
  ]
  const sender = returnPath(header)
  return {
    digest,
    headerBytes: length,
    bytes,
    hasBody,
    hasStatus: length <= HEADER_BYTES_MAX,
    endsLine: last === LF,
    sender,
    losses,
  }
}

/** Where the empty line begins; `last`: the byte before the chunk, `before`: how many there were. */
function emptyLineIn(chunk: Uint8Array, last: number, before: number): number {
  if (chunk[0] === LF && last === LF) return before
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
    if (chunk[at + 1] === LF) return before + at + 1
  }
  return -1
}

/** Only our own server puts it first; the sender of the envelope. */
function returnPath(header: string): string {
  const start = header.toLowerCase().indexOf('return-path:')
  if (start !== 0 && header[start - 1] !== '\n') return ''
  const line = header.slice(start, start + 400).split('\n', 1)[0] ?? ''
  const [from, to] = [line.indexOf('<'), line.lastIndexOf('>')]
  return from < 0 ? '' : line.slice(from + 1, Math.max(from + 1, to))
}

type Lost = { doubled: number; hidden: boolean }

const asWritten = (source: AsyncIterable<Uint8Array>, lost: Lost = { doubled: 0, hidden: false }) =>
  withoutHidden(requoted(unixLines(source, lost), 1), lost)

/**
 * Lines of a header that an mbox keeps for itself would be believed: whoever sent them would say which flags the message has, or that it is none.
 */
async function* withoutHidden(
  source: AsyncIterable<Uint8Array>,
  lost: Lost,
): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = []
  let [bytes, last, isHeader] = [0, LF, true]
  function* shown(headerBytes: number): Generator<Uint8Array> {
    isHeader = false
    const all = Buffer.concat(held.splice(0))
    const isShort = headerBytes >= 0 && headerBytes <= HEADER_BYTES_MAX
    const header = all.toString('latin1', 0, isShort ? headerBytes : 0)
    const kept = shownHeader(header)
    if (kept !== header) lost.hidden = true
    if (kept !== '') yield Buffer.from(kept, 'latin1')
    if (all.length > header.length) yield all.subarray(header.length)
  }
  for await (const chunk of source) {
    if (!isHeader) {
      yield chunk
      continue
    }
    held.push(chunk)
    const end = emptyLineIn(chunk, last, bytes)
    bytes += chunk.length
    last = chunk.at(-1) ?? last
    if (end >= 0 || bytes > HEADER_BYTES_MAX) yield* shown(end)
  }
  if (isHeader) yield* shown(bytes)
}

/** Lines that end with LF. */
async function* unixLines(
  source: AsyncIterable<Uint8Array>,
  lost: Lost,
): AsyncGenerator<Uint8Array> {
  // A CR at the end of a chunk waits for what comes.
  let isHeld = false
  let beforeHeld = 0
  for await (const chunk of source) {
    const out = Buffer.allocUnsafe(chunk.length + 1)
    let to = 0
    let last = beforeHeld
    for (const byte of chunk) {
      if (isHeld) {
        if (byte !== LF) {
          out[to++] = CR
          last = CR
        } else if (last === CR) lost.doubled++
        isHeld = false
      }
      if (byte === CR) isHeld = true
      else {
        out[to++] = byte
        last = byte
      }
    }
    beforeHeld = last
    if (to > 0) yield out.subarray(0, to)
  }
  if (isHeld) yield Uint8Array.of(CR)
}

export async function* mboxBytes(
  source: AsyncIterable<Uint8Array>,
  message: Message,
  measured: Measured,
  base: FolderBase | undefined,
): AsyncGenerator<Uint8Array> {
  const { headerBytes, hasBody, endsLine, sender } = measured
  yield Buffer.from(fromLine(sender, message.internalDateMs))
  const lines = Buffer.from(statusLines(message, measured, base), 'latin1')
  let written = 0
  for await (const chunk of asWritten(source)) {
    const left = headerBytes - written
    written += chunk.length
    if (hasBody && left >= 0 && left < chunk.length) {
      yield chunk.subarray(0, left)
      yield lines
      yield chunk.subarray(left)
    } else yield chunk
  }
  if (!endsLine) yield Uint8Array.of(LF)
  if (!hasBody) yield lines
  yield Uint8Array.of(LF)
}

/** What of a message with losses comes back: as our import reads it, before its line ends are mended. */
export async function* asReadBack(
  source: AsyncIterable<Uint8Array>,
  { hasBody, endsLine }: Measured,
): AsyncGenerator<Uint8Array> {
  yield* requoted(asWritten(source), -1)
  if (!hasBody && !endsLine) yield Uint8Array.of(LF)
}

const xStatusLetters: { readonly [flag: string]: string } = {
  '\\Answered': 'A',
  '\\Flagged': 'F',
  '\\Draft': 'T',
  '\\Deleted': 'D',
}

function statusLines(
  { uid, flags }: Message,
  { headerBytes, bytes, hasBody }: Measured,
  base: FolderBase | undefined,
): string {
  const letters = flags.map((flag) => xStatusLetters[flag] ?? '').join('')
  const keywords = flags.filter((flag) => !flag.startsWith('\\'))
  const lastUid = String(base?.lastUid ?? 0).padStart(10, '0')
  const lines = [
    ...(base ? [`X-IMAPbase: ${[base.uidValidity, lastUid, ...base.keywords].join(' ')}`] : []),
    `Status: ${flags.includes('\\Seen') ? 'RO' : 'O'}`,
    ...(letters === '' ? [] : [`X-Status: ${letters}`]),
    ...(keywords.length === 0 ? [] : [`X-Keywords: ${keywords.join(' ')}`]),
    `X-UID: ${uid}`,
    // Without the empty line.
    ...(hasBody ? [`Content-Length: ${bytes - headerBytes - 1}`] : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}
