// The time of a clock that others keep (SNTP, RFC 4330 §5): one question, one answer.

import { createSocket } from 'node:dgram'

const NTP_PORT = 123
const MESSAGE_BYTES = 48
/** Version 4, client. */
const FIRST_BYTE = 0b00_100_011
/** From 1900 to 1970. */
const EPOCH_SECONDS = 2_208_988_800
const TRANSMIT_AT = 40
const ORIGINATE_AT = 24
const STRATUM_MAX = 15

/** How far `now` is ahead, as exact as half of the way there and back. Rejects where no answer comes that can be used. */
export async function clockAheadMs(
  { host, port = NTP_PORT }: { readonly host: string; readonly port?: number },
  { now, timeoutMs }: { readonly now: () => number; readonly timeoutMs: number },
): Promise<number> {
  const socket = createSocket('udp4')
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const timer = setTimeout(() => reject(new Error(`${host} does not answer`)), timeoutMs)
  const question = Buffer.alloc(MESSAGE_BYTES)
  question[0] = FIRST_BYTE
  const askedMs = now()
  writeTime(question, TRANSMIT_AT, askedMs)
  socket.on('error', reject)
  socket.on('message', (answer) => {
    const repeated = question.subarray(TRANSMIT_AT, TRANSMIT_AT + 8)
    const isAnswer =
      answer.length >= MESSAGE_BYTES &&
      answer.subarray(ORIGINATE_AT, ORIGINATE_AT + 8).equals(repeated)
    if (!isAnswer) return
    const stratum = answer[1] ?? 0
    // A stratum of 0 says that it does not want to be asked.
    if (stratum === 0 || stratum > STRATUM_MAX) return reject(new Error(`${host} knows no time`))
    const middleMs = (askedMs + now()) / 2
    resolve(middleMs - readTime(answer, TRANSMIT_AT))
  })
  socket.send(question, port, host, (error) => error && reject(error))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

function writeTime(message: Buffer, at: number, ms: number): void {
  message.writeUInt32BE(Math.floor(ms / 1_000) + EPOCH_SECONDS, at)
  message.writeUInt32BE(Math.floor(((ms % 1_000) / 1_000) * 2 ** 32), at + 4)
}

const readTime = (message: Buffer, at: number) =>
  (message.readUInt32BE(at) - EPOCH_SECONDS) * 1_000 +
  (message.readUInt32BE(at + 4) / 2 ** 32) * 1_000
