// Asks for names that node:dns refuses to ask for: a label may hold any octet (RFC 2181 §11), and SPF makes names of what others write
// (RFC 7208 §7.1). Over UDP, with one question and one answer; all other names go the usual way.
//
// Implementation notes: an answer counts that comes from the server that was asked, has the question's id (from a port that is random as
// well) and repeats the question.

import { getServers } from 'node:dns'
import { askOverUdp, type NameServer, parseServer } from './exchange.ts'
import { type AskedType, canBeAsked, NXDOMAIN, recordTypes } from './message.ts'
import { isAskable } from './name.ts'
import type { DnsAnswer, MxRecord, Resolver } from './resolver.ts'

export type AnyNameOptions = {
  /** As for `createSystemResolver`; the first is asked. */
  readonly servers?: readonly string[]
  readonly timeoutMs: number
  readonly tries: number
}

/** RFC 1035 §4.2.1. */
const MESSAGE_BYTES_MAX = 512
/** At once, each with a socket: only what strangers write has such names, and it must not take the sockets of all others. */
export const ANY_NAME_QUESTIONS_MAX = 100

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

function mapped<T>(
  answer: DnsAnswer<Buffer> | undefined,
  read: (data: Buffer) => T | undefined,
): DnsAnswer<T> | undefined {
  if (answer?.kind !== 'found') return answer
  const records = answer.records.map(read).filter((one) => one !== undefined)
  if (records.length > 0) return { kind: 'found', records }
  return { kind: 'failure', reason: 'no record that can be used', isMalformed: true }
}

async function askServer(
  server: NameServer,
  name: string,
  type: AskedType,
  timeoutMs: number,
): Promise<DnsAnswer<Buffer>> {
  try {
    return read(await askOverUdp(server, { name, type, timeoutMs }), type)
  } catch (error) {
    return { kind: 'failure', reason: error instanceof Error ? error.message : String(error) }
  }
}

function read(
  { rcode, isCut, records, bytes }: Awaited<ReturnType<typeof askOverUdp>>,
  type: AskedType,
): DnsAnswer<Buffer> {
  if (rcode === NXDOMAIN) return { kind: 'nxdomain' }
  if (rcode !== 0) return { kind: 'failure', reason: `the name server failed (${rcode})` }
  if (isCut || bytes > MESSAGE_BYTES_MAX) return malformed('a longer answer than can be used')
  if (records === undefined) return malformed('the name server answered what cannot be read')
  const found = records.filter((record) => record.type === recordTypes[type])
  return found.length === 0
    ? { kind: 'none' }
    : { kind: 'found', records: found.map(({ data }) => data) }
}

const malformed = (reason: string): DnsAnswer<never> => ({
  kind: 'failure',
  reason,
  isMalformed: true,
})

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
