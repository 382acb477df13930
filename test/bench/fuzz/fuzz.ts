// `npm run bench -- fuzz [minutes] [seed]`: random sessions with a real server and random messages through all that reads them.
// What must not happen: an end of the server, a bug in its log, a connection it does not close within ten seconds of ours, memory
// that grows. What made it happen is saved in the system's temporary folder. Nothing but loopback is talked to.

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeText } from '#shared/mail/charset.ts'
import { decodeHeaderText } from '#shared/mail/encoded-words.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import { decodeIndex, encodeIndex } from '#shared/mail/index-codec.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { Part } from '#shared/mail/message-index.ts'
import { parameterValue } from '#shared/mail/mime-parameters.ts'
import { htmlText } from '#shared/message/html-text.ts'
import { previewPart, previewText } from '#shared/message/preview.ts'
import { sectionSpan } from '#shared/message/section-span.ts'
import { firstAccounts } from '#test/support/accounts.ts'
import { corpus } from '#test/support/corpus.ts'
import { decodeTransfer } from '#test/support/decode-transfer.ts'
import { memory } from '../process-usage.ts'
import { startOurs } from '../servers.ts'
import { type Dialogue, dialogue } from './dialogues.ts'
import { mutated } from './mutate.ts'
import { Random } from './random.ts'

const ANSWER_MS_MAX = 10_000
const CHUNKS_MAX = 6
/** Larger ones only make it slower. */
const MESSAGE_BYTES_MAX = 20_000
const SESSIONS_AT_ONCE = 4
/** Of messages for each round of sessions. */
const MESSAGES_A_ROUND = 40
/** The index of a message is stored in one item with other things. */
const INDEX_BYTES_MAX = 300 * 1024

/** In the log: what no input may bring about. */
const bugs = ['"level":"error"', '"level":"fatal"', 'nhandled', 'Warning:']

export async function benchFuzz(minutes = '1', given?: string): Promise<void> {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  const endMs = performance.now() + Number(minutes) * 60_000
  const random = new Random(seed)
  console.log(`seed ${seed}, ${minutes} minutes`)
  const messages = [...corpus()]
    .map(({ bytes }) => Buffer.from(bytes))
    .filter(({ length }) => length <= MESSAGE_BYTES_MAX)
  const directory = await mkdtemp(join(tmpdir(), 'postwolke-fuzz-'))
  const settings = [
    // Whoever makes errors is made to wait, which is no fault.
    'smtpdErrorSleepTime=0s',
    'clientUnknownRecipientLimit=1000000',
    'disablePlaintextAuth=no',
    'defaultDomain=example.test',
    'imapAccountConnectionCountLimit=1000',
    'mailboxSizeLimit=200MB',
  ]
  const inputs = await mkdtemp(join(tmpdir(), 'postwolke-fuzz-input-'))
  let server = await startOurs(directory, settings)
  const { alice } = firstAccounts(server)
  let sessions = 0
  let read = 0
  let faults = 0
  let firstMb = 0
  const report = async (what: string, bytes: Uint8Array) => {
    const file = join(inputs, String(++faults))
    await writeFile(file, bytes)
    console.log(`${what}\n  input: ${file}`)
  }
  while (performance.now() < endMs && faults < 20) {
    for (let n = 0; n < MESSAGES_A_ROUND; n++, read++) {
      const message = mutated(random.one(messages), random, 8)
      try {
        readAll(message, random)
      } catch (error) {
        await report(`message: ${error instanceof Error ? error.stack : error}`, message)
      }
    }
    const before = server.output().length
    const held = Array.from({ length: SESSIONS_AT_ONCE }, () =>
      dialogue(random, alice, [mutated(random.one(messages), random), random.one(messages)]),
    )
    const ends = await Promise.all(
      held.map((each) => hold(server.ports[each.service], each, random)),
    )
    sessions += held.length
    for (const [i, end] of ends.entries()) {
      const each = held[i]
      if (end === 'hangs' && each)
        await report(`${each.service}: not closed in ${ANSWER_MS_MAX} ms`, each.bytes)
    }
    const output = server.output()
    const said = output.slice(Math.min(before, output.length))
    const bug = said.split('\n').find((line) => bugs.some((sign) => line.includes(sign)))
    const dead = await hasEnded(server.pid)
    if (bug !== undefined || dead) {
      const all = held.map(({ service, bytes }) =>
        Buffer.concat([Buffer.from(`--- ${service}\n`), bytes]),
      )
      await report(
        `server ${dead ? `ended: ${said.slice(-3_000)}` : 'says'}: ${bug}`,
        Buffer.concat(all),
      )
    }
    if (dead) server = await startOurs(directory, settings)
    if (sessions === 50 * SESSIONS_AT_ONCE) firstMb = memory(server.pid).now
  }
  console.log(
    `${sessions} sessions, ${read} messages, ${faults} faults; memory ${firstMb.toFixed(0)} MB at first, ${memory(server.pid).now.toFixed(0)} MB in the end, peak ${memory(server.pid).peak.toFixed(0)} MB`,
  )
  await server.end('SIGKILL')
  await rm(directory, { recursive: true })
}

async function hasEnded(pid: number): Promise<boolean> {
  // A moment for an exit that has begun.
  await new Promise((resolve) => setTimeout(resolve, 5))
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/** Sends it all in pieces and says goodbye; the server has to close. */
async function hold(
  port: number,
  { bytes }: Dialogue,
  random: Random,
): Promise<'closed' | 'hangs'> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  socket.resume()
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')))
  const cuts = Array.from({ length: random.below(CHUNKS_MAX) }, () =>
    random.below(bytes.length + 1),
  )
  const greeting = once(socket, 'data').catch(() => {})
  await Promise.race([greeting, closed])
  let from = 0
  for (const to of [...cuts.sort((one, other) => one - other), bytes.length]) {
    if (socket.destroyed) break
    socket.write(bytes.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.end()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'hangs'>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), ANSWER_MS_MAX)
  })
  const end = await Promise.race([closed, late])
  clearTimeout(timer)
  socket.destroy()
  return end
}

/** What the services make of a message. Throws for what must not be. */
function readAll(message: Buffer, random: Random): void {
  const whole = new MessageIndexer()
  whole.push(message)
  const index = whole.finish()
  const encoded = encodeIndex(index)
  if (encoded.length > INDEX_BYTES_MAX) throw new Error(`an index of ${encoded.length} bytes`)
  const pieces = new MessageIndexer()
  for (let at = 0; at < message.length; ) {
    const length = 1 + random.below(400)
    pieces.push(message.subarray(at, at + length))
    at += length
  }
  if (!Buffer.from(encodeIndex(pieces.finish())).equals(encoded)) {
    throw new Error('another index for other pieces')
  }
  if (!Buffer.from(encodeIndex(decodeIndex(encoded))).equals(encoded)) {
    throw new Error('another index after storing it')
  }
  const layout = {
    addedBytes: 0,
    headerBytes: index.headerBytes,
    size: message.length,
    structure: () => index.structure,
  }
  readPart(index.structure, message)
  for (const kind of ['header', 'text', 'mime', 'all'] as const) {
    const span = sectionSpan(layout, { kind, part: [1, 1 + random.below(3)] })
    if (span !== undefined) within(span, message)
  }
  const preview = previewPart(index.structure)
  if (preview)
    previewText(preview, message.subarray(preview.body[0], preview.body[0] + preview.body[1]))
}

function readPart(part: Part, message: Buffer): void {
  within(part.header, message)
  within(part.body, message)
  const header = message.subarray(part.header[0], part.header[0] + part.header[1])
  for (const { value } of headerFields(header)) decodeHeaderText(value)
  if (part.kind === 'leaf') {
    const bytes = message.subarray(part.body[0], part.body[0] + part.body[1])
    const decoded = decodeTransfer(bytes, part.encoding) ?? bytes
    const text = decodeText(decoded, parameterValue(part.parameters, 'charset'))
    if (part.subtype === 'html') htmlText(text)
  } else if (part.kind === 'message') readPart(part.message, message)
  else for (const child of part.parts) readPart(child, message)
}

function within([offset, length]: readonly [number, number], message: Buffer): void {
  if (offset < 0 || length < 0 || offset + length > message.length) {
    throw new Error(`bytes ${offset} to ${offset + length} of ${message.length}`)
  }
}
