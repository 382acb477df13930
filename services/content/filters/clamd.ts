// clamd, ClamAV's daemon: INSTREAM over TCP or a Unix socket (clamd(8)). Commands with the prefix `z` end in NUL, and so do their replies.
//
// Implementation notes: clamd that has seen more than its StreamMaxLength says so and closes at once, while we still write. What it said is
// read all the same, for which every piece waits a turn of the event loop; should it get lost in the reset, clamd is asked whether it lives.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { StepVerdict } from '#shared/contracts/content.ts'
import { connectService } from '#shared/net/connect-service.ts'
import type { ServiceAddress } from '#shared/settings/service-address.ts'
import { type Filter, type FilterAnswer, FilterFailure } from '../filter-step.ts'

/** A virus has a short name. */
const REPLY_BYTES_MAX = 4 * 1024
const VIRUS_CHARACTERS_MAX = 100
/** `stream: Eicar-Signature FOUND`. */
const STREAM = 'stream: '
const FOUND = ' FOUND'
const PING_TIMEOUT_MS = 5_000

export type ClamdOptions = {
  readonly address: ServiceAddress
  readonly onVirus: 'reject' | 'quarantine' | 'discard'
}

export function createClamd({ address, onVirus }: ClamdOptions): Filter {
  return {
    name: 'clamd',
    async ask(message, _facts, signal) {
      const scanned = await scan(address, message.open(), signal)
      return scanned === undefined ? tooLarge : answerOf(scanned, onVirus)
    },
  }
}

const tooLarge: FilterAnswer = { kind: 'too-large', found: 'more than clamd takes' }

function answerOf(reply: string, onVirus: ClamdOptions['onVirus']): FilterAnswer {
  if (reply === 'stream: OK') return { kind: 'accept', found: 'OK' }
  if (reply.startsWith('INSTREAM size limit exceeded')) return tooLarge
  if (!reply.startsWith(STREAM) || !reply.endsWith(FOUND)) {
    throw new FilterFailure(`clamd says: ${printable(reply)}`)
  }
  return infected(printable(reply.slice(STREAM.length, -FOUND.length)), onVirus)
}

function infected(virus: string, onVirus: ClamdOptions['onVirus']): StepVerdict {
  const found = `virus ${virus}`
  switch (onVirus) {
    case 'reject': {
      const text = `Message has a virus: ${virus}`
      return { kind: 'reject', found, reply: { code: 550, status: '5.7.1', text } }
    }
    case 'quarantine':
      return { kind: 'accept', found, hold: found }
    case 'discard':
      return { kind: 'discard', found }
  }
}

/** The reply; undefined where the connection broke because the message is too large. */
async function scan(
  address: ServiceAddress,
  message: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const socket = connectService(address)
  const abort = () => socket.destroy(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const reply = readReply(socket)
    // Told where it is awaited.
    reply.catch(() => {})
    const written = await writeStream(socket, message)
    return await reply.catch(async (error: unknown) => {
      const isReset = isBrokenPipe(error) && written > 0
      if (!signal.aborted && isReset && (await isAlive(address))) return undefined
      throw error
    })
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}

/** A connection that breaks off ends it: what was said before that counts. Bytes; rejects where the message cannot be read. */
async function writeStream(socket: Socket, message: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  // An error comes at the reply.
  socket.on('error', () => {})
  const isOver = () => socket.destroyed || socket.readableEnded
  socket.write('zINSTREAM\0')
  for await (const chunk of message) {
    // An empty one would be the end.
    if (chunk.length === 0) continue
    const length = Buffer.alloc(4)
    length.writeUInt32BE(chunk.length)
    if (isOver()) return bytes
    socket.cork()
    socket.write(length)
    const goesOn = socket.write(chunk)
    socket.uncork()
    bytes += chunk.length
    // What clamd says meanwhile is read before more is written.
    await new Promise((resolve) => setImmediate(resolve))
    if (!goesOn && !isOver()) await drained(socket)
  }
  if (!isOver()) socket.write(Buffer.alloc(4))
  return bytes
}

/** Or over. */
async function drained(socket: Socket): Promise<void> {
  if (!socket.writableNeedDrain) return
  const over = new AbortController()
  const wait = (event: string) => once(socket, event, { signal: over.signal })
  await Promise.race([wait('drain'), wait('close'), wait('end')]).catch(() => {})
  over.abort()
}

/** Up to its NUL, or to the line end that clamd puts behind a timeout of its own. */
function readReply(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    const end = received.indexOf(0)
    if (end >= 0) resolve(received.toString('utf8', 0, end))
    else if (received.length > REPLY_BYTES_MAX) socket.destroy(new FilterFailure('endless reply'))
  })
  socket.on('end', () => {
    const text = received.toString('utf8').trim()
    if (text === '') reject(new FilterFailure('clamd closed the connection'))
    else resolve(text)
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new FilterFailure('clamd closed the connection')))
  return promise
}

async function isAlive(address: ServiceAddress): Promise<boolean> {
  const socket = connectService(address)
  socket.setTimeout(PING_TIMEOUT_MS, () => socket.destroy())
  try {
    const reply = readReply(socket)
    socket.write('zPING\0')
    return (await reply) === 'PONG'
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function isBrokenPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EPIPE' || code === 'ECONNRESET'
}

const printable = (text: string) =>
  text.replace(/[^\x20-\x7e]/g, '?').slice(0, VIRUS_CHARACTERS_MAX)
