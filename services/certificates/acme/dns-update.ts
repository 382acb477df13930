// TXT records put into a zone and taken out again by dynamic update (RFC 2136), signed with a shared key (TSIG, RFC 8945): what BIND, Knot,
// PowerDNS and many a registrar take.

import { createHmac, randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { parseServer } from '#shared/dns/exchange.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { DnsChallenges } from '../issuer.ts'

/** As `tsig-keygen` writes it, or `name:base64`. */
export type UpdateKey = { readonly name: string; readonly secret: Buffer }

export type DnsUpdateOptions = {
  /** Address of the primary name server of the zone, with a port where it is not 53. */
  readonly server: string

  readonly key: UpdateKey | undefined
  readonly clock: Clock
  /** How long until all name servers of the zone have it. */
  readonly spreadMs: number
}

const TTL_SECONDS = 60
const ANSWER_MS_MAX = 15_000
const ANSWER_BYTES_MAX = 4_096
const KEY_FILE_CHARACTERS_MAX = 4_096
const UPDATE = 5 << 11
const [TXT, SOA, TSIG] = [16, 6, 250]
const [IN, NONE, ANY] = [1, 254, 255]
const ALGORITHM = 'hmac-sha256'
const FUDGE_SECONDS = 300
/** RFC 2136 §2.2: of a name that is in another zone. */
const NOT_ZONE = 10
const NOT_AUTH = 9
const LABELS_UP_MAX = 10

/** Undefined where it is no key. */
export function parseUpdateKey(text: string): UpdateKey | undefined {
  const start = text.slice(0, KEY_FILE_CHARACTERS_MAX)
  const [name = '', secret = '', more] = blockKey(start) ?? start.trim().split(':', 3)
  const isKey =
    more === undefined &&
    /^[A-Za-z0-9._-]{1,253}$/.test(name) &&
    /^[A-Za-z0-9+/=]{4,200}$/.test(secret)
  return isKey ? { name, secret: Buffer.from(secret, 'base64') } : undefined
}

/** `key "name" { algorithm hmac-sha256; secret "base64"; };`, comments before it or not. */
function blockKey(text: string): readonly string[] | undefined {
  const words: readonly string[] = text.match(/[^\s{}";]+|[{}]/g) ?? []
  const begins = words.findIndex((word, i) => word === 'key' && words[i + 2] === '{')
  if (begins < 0) return undefined
  const ends = words.indexOf('}', begins)
  const block = words.slice(begins + 3, ends < 0 ? undefined : ends)
  const at = block.indexOf('secret')
  return at < 0 ? undefined : [words[begins + 1] ?? '', block[at + 1] ?? '']
}

export function createDnsUpdates(options: DnsUpdateOptions): DnsChallenges {
  const { clock, spreadMs } = options
  return {
    async publish(name, value) {
      // Of one that was killed, or of another certificate of the same name, something may be there: this one is added.
      await change(options, name, record(name, IN, TTL_SECONDS, value))
      await clock.sleep(spreadMs)
    },
    // RFC 2136 §2.5.4: class NONE deletes this one record.
    remove: (name, value) => change(options, name, record(name, NONE, 0, value)),
  }
}

/** In the zone that has the name: the server is asked for one after the other, from the name upwards. */
async function change(options: DnsUpdateOptions, name: string, update: Buffer): Promise<void> {
  const labels = name.split('.')
  for (let up = 1; up < Math.min(labels.length, LABELS_UP_MAX); up++) {
    const rcode = await send(options, labels.slice(up).join('.'), update)
    if (rcode === 0) return
    const isOtherZone = rcode === NOT_ZONE || rcode === NOT_AUTH
    if (!isOtherZone) throw new TemporaryFailure(`the name server refused the update: ${rcode}`)
  }
  throw new TemporaryFailure(`the name server has no zone of ${name}`)
}

async function send(
  { server, key, clock }: DnsUpdateOptions,
  zone: string,
  update: Buffer,
): Promise<number> {
  const id = randomInt(0x1_0000)
  const unsigned = Buffer.concat([
    header({ id, additional: 0 }),
    wireName(zone),
    words(SOA, IN),
    update,
  ])
  const mac = key && macOf(unsigned, key, Math.floor(clock.now() / 1000))
  const message =
    key === undefined || mac === undefined
      ? unsigned
      : Buffer.concat([header({ id, additional: 1 }), unsigned.subarray(12), mac.record])
  const answer = await exchange(server, message)
  const isAnswer = answer.length >= 12 && answer.readUInt16BE(0) === id && (answer[2] ?? 0) >= 0x80
  if (!isAnswer) throw new TemporaryFailure('the name server answered something else')
  return answer.readUInt16BE(2) & 0xf
}

function header({ id, additional }: { readonly id: number; readonly additional: number }): Buffer {
  return words(id, UPDATE, 1, 0, 1, additional)
}

function record(name: string, kind: number, ttlSeconds: number, value: string): Buffer {
  const text = Buffer.from(value, 'latin1')
  const data = Buffer.concat([Buffer.from([text.length]), text])
  const ttl = Buffer.alloc(4)
  ttl.writeUInt32BE(ttlSeconds)
  return Buffer.concat([wireName(name), words(TXT, kind), ttl, words(data.length), data])
}

/** RFC 8945 §4.2, §4.3.3 */
function macOf(message: Buffer, key: UpdateKey, seconds: number) {
  const name = wireName(key.name.toLowerCase())
  const ttl = Buffer.alloc(4)
  const time = Buffer.alloc(6)
  time.writeUIntBE(seconds, 0, 6)
  const algorithm = wireName(ALGORITHM)
  const variables = [name, words(ANY), ttl, algorithm, time, words(FUDGE_SECONDS, 0, 0)]
  const mac = createHmac('sha256', key.secret)
    .update(message)
    .update(Buffer.concat(variables))
    .digest()
  const id = message.subarray(0, 2)
  const data = Buffer.concat([
    algorithm,
    time,
    words(FUDGE_SECONDS, mac.length),
    mac,
    id,
    words(0, 0),
  ])
  return { mac, record: Buffer.concat([name, words(TSIG, ANY), ttl, words(data.length), data]) }
}

function wireName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.map((label) => {
      const bytes = Buffer.from(label, 'latin1')
      if (bytes.length > 63) throw new TypeError('a label of more than 63 bytes')
      return Buffer.concat([Buffer.from([bytes.length]), bytes])
    }),
    Buffer.alloc(1),
  ])
}

function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt16BE(number, 2 * i)
  return bytes
}

/** Over TCP: updates must arrive. */
async function exchange(server: string, message: Buffer): Promise<Buffer> {
  const to = parseServer(server)
  if (to === undefined) throw new TemporaryFailure(`${server} is no address of a name server`)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const socket = connect(to)
  const fail = (cause?: Error) => {
    reject(new TemporaryFailure('the name server for updates does not answer', { cause }))
  }
  socket.setTimeout(ANSWER_MS_MAX, () => fail())
  socket.on('error', fail)
  socket.on('close', () => fail())
  let received = Buffer.alloc(0)
  socket.on('data', (piece) => {
    received = Buffer.concat([received, piece])
    if (received.length > ANSWER_BYTES_MAX) return fail()
    const isWhole = received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)
    if (isWhole) resolve(received.subarray(2, 2 + received.readUInt16BE(0)))
  })
  socket.write(Buffer.concat([words(message.length), message]))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
