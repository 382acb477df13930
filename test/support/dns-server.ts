// A name server on loopback, over UDP and TCP, that answers from a table of names as a resolver of a network would: aliases followed,
// names that do not exist told from names without such records. It can behave badly, too.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIP, type Server, type Socket as TcpSocket } from 'node:net'
import { type Answer, decode, encode, type Packet } from 'dns-packet'
import { parseIpAddress } from '#shared/settings/networks.ts'

/** What a name has. An address stands as the name that its PTR has; `*.list.test` is every name below it that is not there itself. */
export type DnsZone = { readonly [name: string]: DnsEntry }

export type DnsEntry = {
  readonly a?: readonly string[]
  readonly aaaa?: readonly string[]
  /** As `10 mx.example.test`; `0 .` is the null MX. */
  readonly mx?: readonly string[]
  /** Each one string, or the strings that make it up. */
  readonly txt?: readonly (string | readonly string[])[]
  readonly ns?: readonly string[]
  readonly ptr?: readonly string[]
  /** Followed as far as `ALIASES_MAX`; one that leads in a circle is told as far as that. */
  readonly cname?: string
  /** As `3 1 1 0123…`. */
  readonly tlsa?: readonly string[]
  /** Told as validated, where all names on the way are. */
  readonly isSecure?: true
  readonly ttlSeconds?: number
  readonly rcode?: DnsRcode
  readonly manner?: DnsManner
  /** Before it is answered. */
  readonly delayMs?: number
}

export type DnsRcode = 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED'

export type DnsManner =
  /** Never answers. */
  | 'silent'
  /** Cut short over UDP: ask again over TCP. */
  | 'truncated'
  /** Neither answer nor authority, as of a server that does not know the zone. */
  | 'lame'
  /** Bytes that are no DNS. */
  | 'garbage'
  /** As a stranger answers who does not know the question's id. */
  | 'wrong id'
  /** Answers what was not asked. */
  | 'other name'

export interface DnsServer extends AsyncDisposable {
  /** For `createSystemResolver({ servers })`. */
  readonly address: string
  readonly port: number
  /** In the order they came, as `UDP MX example.test`, retries too. */
  readonly questions: readonly string[]
  /** Where those over UDP came from. */
  readonly askingPorts: readonly number[]
  set(name: string, entry: DnsEntry): void
  delete(name: string): void
}

const ALIASES_MAX = 32
const UDP_BYTES_MAX = 1_232
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const
const RECURSION = 0x0180
const TRUNCATED = 0x0200
const AUTHENTIC = 0x0020

type RecordType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'NS' | 'PTR' | 'TLSA' | 'CNAME'

/** `at`: in place of any port that is free on 127.0.0.1. */
export async function startDnsServer(
  zone: DnsZone = {},
  at?: { readonly host: string; readonly port: number },
): Promise<DnsServer> {
  const names = new Map(Object.entries(zone).map(([name, entry]) => [ownerOf(name), entry]))
  const questions: string[] = []
  const askingPorts: number[] = []
  const timers = new Set<NodeJS.Timeout>()
  const { udp, tcp, port } = await listen(at)
  const connections = new Set<TcpSocket>()

  function reply(query: Buffer, over: 'UDP' | 'TCP', send: (bytes: Buffer) => void): void {
    const { id, questions: asked = [] } = decode(query)
    const [question] = asked
    if (question === undefined) return
    const name = question.name.toLowerCase()
    questions.push(`${over} ${question.type} ${name}`)
    const entry = findEntry(names, name)
    if (entry?.manner === 'silent') return
    const bytes = respond(names, { ...question, name, id: id ?? 0 }, over)
    const timer = setTimeout(() => {
      timers.delete(timer)
      send(bytes)
    }, entry?.delayMs ?? 0)
    timers.add(timer)
  }

  udp.on('message', (query, from) => {
    askingPorts.push(from.port)
    reply(query, 'UDP', (bytes) => udp.send(bytes, from.port, from.address))
  })
  tcp.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    socket.on('error', () => {})
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        reply(received.subarray(2, end), 'TCP', (bytes) => {
          const length = Buffer.from([bytes.length >> 8, bytes.length & 255])
          if (!socket.destroyed) socket.write(Buffer.concat([length, bytes]))
        })
        received = received.subarray(end)
      }
    })
  })

  return {
    address: `${at?.host ?? '127.0.0.1'}:${port}`,
    port,
    questions,
    askingPorts,
    set: (name, entry) => {
      names.set(ownerOf(name), entry)
    },
    delete: (name) => {
      names.delete(ownerOf(name))
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of connections) socket.destroy()
      const closed = [once(udp, 'close'), once(tcp, 'close')]
      udp.close()
      tcp.close()
      await Promise.all(closed)
    },
  }
}

/** The same port for both; another one where somebody has it already for UDP. */
async function listen({ host, port: wanted } = { host: '127.0.0.1', port: 0 }): Promise<{
  udp: Socket
  tcp: Server
  port: number
}> {
  for (let tries = 0; tries < 20; tries++) {
    const udp = createSocket('udp4')
    udp.bind(wanted, host)
    await once(udp, 'listening')
    const { port } = udp.address()
    const tcp = createServer()
    const isListening = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false))
      tcp.listen(port, host, () => resolve(true))
    })
    if (isListening) return { udp, tcp, port }
    udp.close()
  }
  throw new Error('no port is free for both UDP and TCP')
}

type Asked = { readonly id: number; readonly name: string; readonly type: string }
type Names = ReadonlyMap<string, DnsEntry>

function respond(names: Names, asked: Asked, over: 'UDP' | 'TCP'): Buffer {
  const entry = findEntry(names, asked.name)
  const manner = entry?.manner
  if (manner === 'garbage') return Buffer.from('no DNS at all, but long enough for a header')
  const { answers, rcode, isSecure } = answer(names, asked)
  const packet: Packet = {
    type: 'response',
    id: manner === 'wrong id' ? asked.id ^ 0x5555 : asked.id,
    flags: RECURSION | rcodes[rcode] | (isSecure ? AUTHENTIC : 0),
    questions: [{ type: typeOf(asked.type), name: asked.name, class: 'IN' }],
    answers: manner === 'lame' ? [] : answers,
    authorities: manner === 'lame' || answers.length > 0 ? [] : [authority(asked.name)],
  }
  if (manner === 'other name') {
    return encode({ ...packet, questions: [{ type: 'A', name: 'other.test', class: 'IN' }] })
  }
  const bytes = encode(packet)
  const isCut = over === 'UDP' && (manner === 'truncated' || bytes.length > UDP_BYTES_MAX)
  return isCut
    ? encode({ ...packet, flags: RECURSION | TRUNCATED, answers: [], authorities: [] })
    : bytes
}

function answer(
  names: Names,
  { name, type }: Asked,
): {
  readonly answers: Answer[]
  readonly rcode: keyof typeof rcodes
  readonly isSecure: boolean
} {
  const answers: Answer[] = []
  let owner = name
  let isSecure = true
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    const entry = findEntry(names, owner)
    isSecure &&= entry?.isSecure === true
    if (entry === undefined) return { answers, rcode: existsBelow(names, owner), isSecure }
    if (entry.rcode !== undefined) return { answers, rcode: entry.rcode, isSecure: false }
    const ttl = entry.ttlSeconds ?? 60
    if (entry.cname === undefined) {
      const records = recordsOf(owner, typeOf(type), entry, ttl)
      return { answers: [...answers, ...records], rcode: 'NOERROR', isSecure }
    }
    answers.push({ type: 'CNAME', name: owner, ttl, data: entry.cname })
    // Asked for itself it is not followed.
    if (typeOf(type) === 'CNAME') break
    owner = entry.cname.toLowerCase()
  }
  return { answers, rcode: 'NOERROR', isSecure }
}

/** RFC 8020: a name above one that exists exists. */
function existsBelow(names: Names, name: string): 'NOERROR' | 'NXDOMAIN' {
  return [...names.keys()].some((known) => known.endsWith(`.${name}`)) ? 'NOERROR' : 'NXDOMAIN'
}

function recordsOf(name: string, type: string, entry: DnsEntry, ttl: number): Answer[] {
  const { a = [], aaaa = [], mx = [], txt = [], ns = [], ptr = [], tlsa = [] } = entry
  switch (type as RecordType) {
    case 'A':
      return a.map((data) => ({ type: 'A', name, ttl, data }))
    case 'AAAA':
      return aaaa.map((data) => ({ type: 'AAAA', name, ttl, data }))
    case 'MX':
      return mx.map((text) => {
        const [preference, exchange = ''] = text.split(' ')
        return { type: 'MX', name, ttl, data: { preference: Number(preference), exchange } }
      })
    case 'TXT':
      return txt.map((strings) => {
        const data = [strings].flat().map((text) => Buffer.from(text, 'latin1'))
        return { type: 'TXT', name, ttl, data }
      })
    case 'NS':
      return ns.map((data) => ({ type: 'NS', name, ttl, data }))
    case 'TLSA':
      return tlsa.map((text) => {
        const [usage, selector, matchingType, hex = ''] = text.split(' ')
        const certificate = Buffer.from(hex, 'hex')
        const data = {
          usage: Number(usage),
          selector: Number(selector),
          matchingType: Number(matchingType),
          certificate,
        }
        return { type: 'TLSA', name, ttl, data }
      })
    case 'PTR':
      return ptr.map((data) => ({ type: 'PTR', name, ttl, data }))
    default:
      return []
  }
}

/** RFC 2308 §5: what is not there is remembered as long as its last number says. */
function authority(name: string): Answer {
  const data = {
    mname: 'ns.test',
    rname: 'hostmaster.test',
    serial: 1,
    refresh: 60,
    retry: 60,
    expire: 60,
    minimum: 60,
  }
  return { type: 'SOA', name: name.split('.').slice(-1).join('.'), ttl: 60, data }
}

function findEntry(names: Names, name: string): DnsEntry | undefined {
  const own = names.get(name)
  if (own !== undefined) return own
  if (existsBelow(names, name) === 'NOERROR') return undefined
  const labels = name.split('.')
  for (let from = 1; from <= labels.length; from++) {
    const entry = names.get(['*', ...labels.slice(from)].join('.'))
    if (entry !== undefined) return entry
  }
  return undefined
}

const typeOf = (type: string) => type as RecordType

/** RFC 1035 §3.5, RFC 3596 §2.5. */
function ownerOf(name: string): string {
  if (isIP(name) === 0) return name.toLowerCase().replace(/\.$/, '')
  const bytes = Buffer.from(parseIpAddress(name)?.bytes ?? [])
  return bytes.length === 4
    ? `${[...bytes].reverse().join('.')}.in-addr.arpa`
    : `${[...bytes.toString('hex')].reverse().join('.')}.ip6.arpa`
}
