// One question to one name server: over UDP, and over TCP where the answer does not fit (RFC 7766). Whoever is not asked, or answers
// something else, is not heard.

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIP, isIPv6, connect as netConnect } from 'node:net'
import { type AnswerMessage, type AskedType, readAnswer, writeQuestion } from './message.ts'

export type NameServer = { readonly host: string; readonly port: number }

const DNS_PORT = 53

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:53`; undefined for what is no address. */
export function parseServer(text: string): NameServer | undefined {
  if (isIP(text)) return { host: text, port: DNS_PORT }
  const colon = text.lastIndexOf(':')
  const hasPort = colon > text.lastIndexOf(']')
  const host = (hasPort ? text.slice(0, colon) : text).replace(/^\[|\]$/g, '')
  const port = hasPort ? Number(text.slice(colon + 1)) : DNS_PORT
  return isIP(host) && port > 0 && port <= 0xffff ? { host, port } : undefined
}

export type Asked = {
  readonly name: string
  readonly type: AskedType
  readonly validated?: boolean
  readonly timeoutMs: number
}

/** With its length in bytes. Rejects where none comes. */
export async function askOverUdp(
  server: NameServer,
  { name, type, validated = false, timeoutMs }: Asked,
): Promise<AnswerMessage & { readonly bytes: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<
    AnswerMessage & { readonly bytes: number }
  >()
  const question = writeQuestion(randomInt(0x1_0000), name, type, { validated })
  const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
  const timer = setTimeout(() => reject(tooLate()), timeoutMs)
  // More than one may come, the last after the end.
  socket.on('error', reject)
  socket.on('message', (message) => {
    const answer = readAnswer(message, question)
    if (answer !== undefined) resolve({ ...answer, bytes: message.length })
  })
  // Not as a callback of `connect`, which is called where there is no way to the server, too.
  socket.once('connect', () => socket.send(question))
  socket.connect(server.port, server.host)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.close()
  }
}

/** Rejects where none comes, or another one. */
export async function askOverTcp(
  server: NameServer,
  { name, type, validated = false, timeoutMs }: Asked,
): Promise<AnswerMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<AnswerMessage>()
  const question = writeQuestion(randomInt(0x1_0000), name, type, { validated })
  const socket = netConnect({ host: server.host, port: server.port })
  const timer = setTimeout(() => reject(tooLate()), timeoutMs)
  // RFC 1035 §4.2.2: two octets of length stand before a message, so that it has 64 KiB at most.
  let received = Buffer.alloc(0)
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('the name server hung up')))
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    if (received.length < 2) return
    const end = 2 + received.readUInt16BE(0)
    if (received.length < end) return
    const answer = readAnswer(received.subarray(2, end), question)
    if (answer === undefined) reject(new Error('the name server answered something else'))
    else resolve(answer)
  })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(question.length, 0)
  socket.once('connect', () => socket.write(Buffer.concat([length, question])))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

const tooLate = () => new Error('no name server answered in time')
