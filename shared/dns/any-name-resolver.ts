// Asks for names that node:dns refuses to ask for: a label may hold any octet (RFC 2181 §11), and SPF makes names of what others write
// (RFC 7208 §7.1). Over UDP, with one question and one answer; all other names go the usual way.
//
// Implementation notes: an answer counts that comes from the server that was asked, has the question's id (from a port that is random as
// well) and repeats the question. Nothing in it makes more work than in proportion to its bytes.

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { isIP, isIPv6 } from 'node:net'
import { isAskable } from './name.ts'
import type { DnsAnswer, MxRecord, Resolver } from './resolver.ts'

export type AnyNameOptions = {
  /** As for `createSystemResolver`; the first is asked. */
  readonly servers?: readonly string[]
  readonly timeoutMs: number
  readonly tries: number
}

const DNS_PORT = 53
// RFC 1035 §2.3.4.
const LABEL_BYTES_MAX = 63
const NAME_BYTES_MAX = 253
/** RFC 1035 §4.2.1. */
const MESSAGE_BYTES_MAX = 512
const RECORDS_MAX = 64
/** At once, each with a socket: only what strangers write has such names, and it must not take the sockets of all others. */
export const ANY_NAME_QUESTIONS_MAX = 100
/** Names in an answer may refer to others before them. */
const POINTERS_MAX = 16

const types = { A: 1, AAAA: 28, MX: 15, TXT: 16 } as const
type AskedType = keyof typeof types

export function createAnyNameResolver(inner: Resolver, options: AnyNameOptions): Resolver {
  let underWay = 0

  /** Undefined for what the inner one asks. */
  async function ask(name: string, type: AskedType): Promise<DnsAnswer<Buffer> | undefined> {
    if (isAskable(name)) return undefined
    if (!canBeAsked(name)) return { kind: 'nxdomain' }
    const { tries, servers = [] } = options
    const server = parseServer(servers[0] ?? getServers()[0] ?? '')
    let answer: DnsAnswer<Buffer> = { kind: 'failure', reason: 'no name server to be asked' }
    if (underWay >= ANY_NAME_QUESTIONS_MAX) {
      return { kind: 'failure', reason: 'too many look-ups of such names at once' }
    }
    underWay += 1
    for (let left = tries; left > 0 && server !== undefined; left--) {
      answer = await askServer(server, name, type, options.timeoutMs)
      if (answer.kind !== 'failure') break
    }
    underWay -= 1
    return answer
  }

  return {
    ...inner,
    resolve4: async (name) =>
      mapped(await ask(name, 'A'), (data) => ipv4(data)) ?? inner.resolve4(name),
    resolve6: async (name) =>
      mapped(await ask(name, 'AAAA'), (data) => ipv6(data)) ?? inner.resolve6(name),
    resolveTxt: async (name) => mapped(await ask(name, 'TXT'), texts) ?? inner.resolveTxt(name),
    resolveMx: async (name) => mapped(await ask(name, 'MX'), mailHost) ?? inner.resolveMx(name),
  }
}

function canBeAsked(name: string): boolean {
  if (name.length > NAME_BYTES_MAX || /[^\x00-\xff]/.test(name)) return false
  return name.split('.').every((label) => label.length > 0 && label.length <= LABEL_BYTES_MAX)
}

function mapped<T>(
  answer: DnsAnswer<Buffer> | undefined,
  read: (data: Buffer) => T | undefined,
): DnsAnswer<T> | undefined {
  if (answer?.kind !== 'found') return answer
  const records = answer.records.map(read).filter((one) => one !== undefined)
  if (records.length > 0) return { kind: 'found', records }
  return { kind: 'failure', reason: 'no record that can be used', isMalformed: true }
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:53`; undefined for what is no address. */
export function parseServer(
  text: string,
): { readonly host: string; readonly port: number } | undefined {
  if (isIP(text)) return { host: text, port: DNS_PORT }
  const colon = text.lastIndexOf(':')
  const hasPort = colon > text.lastIndexOf(']')
  const host = (hasPort ? text.slice(0, colon) : text).replace(/^\[|\]$/g, '')
  const port = hasPort ? Number(text.slice(colon + 1)) : DNS_PORT
  return isIP(host) && port > 0 && port <= 0xffff ? { host, port } : undefined
}

function askServer(
  { host, port }: { readonly host: string; readonly port: number },
  name: string,
  type: AskedType,
  timeoutMs: number,
): Promise<DnsAnswer<Buffer>> {
  const id = randomInt(0x1_0000)
  const question = questionFor(id, name, type)
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    let isOver = false
    const end = (answer: DnsAnswer<Buffer>) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const fail = (reason: string) => end({ kind: 'failure', reason })
    const timer = setTimeout(() => fail('no name server answered in time'), timeoutMs)
    // More than one may come, the last after the end.
    socket.on('error', (error) => fail(error.message))
    socket.on('message', (message) => {
      const answer = read(message, question, types[type])
      if (answer !== undefined) end(answer)
    })
    // Not as a callback of `connect`, which is called where there is no way to the server, too.
    socket.once('connect', () => socket.send(question))
    socket.connect(port, host)
  })
}

const HEADER_BYTES = 12

/** RFC 1035 §4.1. */
function questionFor(id: number, name: string, type: AskedType): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  })
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(RECURSION_DESIRED, 2)
  header.writeUInt16BE(1, 4)
  const asked = Buffer.from([0, 0, types[type], 0, CLASS_IN])
  return Buffer.concat([header, ...labels, asked])
}

/** Undefined for what is no answer to the question. */
function read(message: Buffer, question: Buffer, type: number): DnsAnswer<Buffer> | undefined {
  if (message.length < question.length) return undefined
  if (message.readUInt16BE(0) !== question.readUInt16BE(0)) return undefined
  const flags = message.readUInt16BE(2)
  const isAnswer = (flags & RESPONSE) !== 0 && message.readUInt16BE(4) === 1
  const repeated = message.subarray(HEADER_BYTES, question.length)
  if (!isAnswer || !isSameName(repeated, question.subarray(HEADER_BYTES))) return undefined
  const rcode = flags & 0xf
  if (rcode === NXDOMAIN) return { kind: 'nxdomain' }
  if (rcode !== 0) return { kind: 'failure', reason: `the name server failed (${rcode})` }
  const isCut = (flags & TRUNCATED) !== 0 || message.length > MESSAGE_BYTES_MAX
  if (isCut) return malformed('a longer answer than can be used')
  const records = recordsIn(message, question.length, type)
  if (records === undefined) return malformed('the name server answered what cannot be read')
  return records.length === 0 ? { kind: 'none' } : { kind: 'found', records }
}

const malformed = (reason: string): DnsAnswer<never> => ({
  kind: 'failure',
  reason,
  isMalformed: true,
})

/** Letters may come back in another case. */
function isSameName(one: Buffer, other: Buffer): boolean {
  return one.toString('latin1').toLowerCase() === other.toString('latin1').toLowerCase()
}

/** What the records of the type hold, names in it written out; undefined where that cannot be read. */
function recordsIn(message: Buffer, start: number, type: number): Buffer[] | undefined {
  const count = message.readUInt16BE(6)
  if (count > RECORDS_MAX) return undefined
  const found: Buffer[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    const nameEnd = nameAt(message, at)?.end
    if (nameEnd === undefined || nameEnd + 10 > message.length) return undefined
    const dataAt = nameEnd + 10
    at = dataAt + message.readUInt16BE(nameEnd + 8)
    if (at > message.length) return undefined
    if (message.readUInt16BE(nameEnd) !== type) continue
    if (type !== types.MX) {
      found.push(message.subarray(dataAt, at))
      continue
    }
    const host = nameAt(message, dataAt + 2)
    if (host === undefined || host.end > at) return undefined
    const name = Buffer.from(host.name, 'latin1')
    found.push(Buffer.concat([message.subarray(dataAt, dataAt + 2), name]))
  }
  return found
}

/** RFC 1035 §4.1.4. */
function nameAt(message: Buffer, start: number) {
  let name = ''
  let at = start
  let end: number | undefined
  for (let pointers = 0; pointers <= POINTERS_MAX; ) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return { name, end: end ?? at + 1 }
    if (length > LABEL_BYTES_MAX) {
      if (length < POINTER || at + 1 >= message.length) return undefined
      end ??= at + 2
      at = message.readUInt16BE(at) & 0x3fff
      pointers++
      continue
    }
    name += `${name === '' ? '' : '.'}${message.toString('latin1', at + 1, at + 1 + length)}`
    if (name.length > NAME_BYTES_MAX) return undefined
    at += 1 + length
  }
  return undefined
}

const ipv4 = (data: Buffer) => (data.length === 4 ? data.join('.') : undefined)

function ipv6(data: Buffer): string | undefined {
  if (data.length !== 16) return undefined
  return data.toString('hex').replace(/(.{4})(?=.)/g, '$1:')
}

function mailHost(data: Buffer): MxRecord | undefined {
  if (data.length < 2) return undefined
  return { preference: data.readUInt16BE(0), exchange: data.toString('latin1', 2).toLowerCase() }
}

/** Its strings, joined. */
function texts(data: Buffer): string | undefined {
  let text = ''
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] ?? 0)
    if (end > data.length) return undefined
    text += data.toString('latin1', at + 1, end)
    at = end
  }
  return text
}

const CLASS_IN = 1
const RECURSION_DESIRED = 0x0100
const RESPONSE = 0x8000
const TRUNCATED = 0x0200
const NXDOMAIN = 3
const POINTER = 0xc0
