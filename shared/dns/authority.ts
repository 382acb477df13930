// What the name servers of a zone itself say of a record, and how long they let others keep it: whoever asks a resolver is told what is left
// of that time, or what it was before a change.

import { concurrently } from '#shared/runtime/concurrently.ts'
import { askOverTcp, askOverUdp } from './exchange.ts'
import { type AnswerMessage, canBeAsked, NXDOMAIN, recordTypes } from './message.ts'
import type { DnsAnswer } from './resolver.ts'

export type AuthorityType = 'MX' | 'TXT' | 'CNAME'

export type AuthorityAnswer =
  /** Of every server that answered; they may differ for a while. */
  | { readonly kind: 'told'; readonly servers: readonly ServerAnswer[] }
  | { readonly kind: 'unknown'; readonly why: string }

export type ServerAnswer = {
  readonly server: string
  /** As a zone file has them, names without the dot at their end; of TXT the text. Empty: there are none. */
  readonly records: readonly string[]
  /** Null where there are none. */
  readonly ttlSeconds: number | null
}

export type AskAuthority = (name: string, type: AuthorityType) => Promise<AuthorityAnswer>

type ReadRecords = (name: string, type: 'NS' | 'A' | 'AAAA') => Promise<DnsAnswer<string>>

/** Of one zone; those of a domain are mostly two to four. */
const SERVERS_MAX = 8
const ASKED_AT_ONCE = 4

export function createAuthority(deps: {
  readonly readRecords: ReadRecords
  readonly timeoutMs: number
  /** Default: that of DNS. */
  readonly port?: number
}): AskAuthority {
  const { readRecords, timeoutMs, port = 53 } = deps

  async function serversOf(name: string): Promise<readonly string[]> {
    for (let zone = name; zone.includes('.'); zone = zone.slice(zone.indexOf('.') + 1)) {
      const answer = await readRecords(zone, 'NS')
      if (answer.kind === 'found') return answer.records.slice(0, SERVERS_MAX)
      if (answer.kind === 'failure') return []
    }
    return []
  }

  async function addressOf(server: string): Promise<string | undefined> {
    const found = await readRecords(server, 'A')
    const answer = found.kind === 'found' ? found : await readRecords(server, 'AAAA')
    return answer.kind === 'found' ? answer.records[0] : undefined
  }

  async function askServer(
    server: string,
    name: string,
    type: AuthorityType,
  ): Promise<ServerAnswer[]> {
    const host = await addressOf(server)
    if (host === undefined) return []
    const asked = { name, type, timeoutMs }
    try {
      const first = await askOverUdp({ host, port }, asked)
      const answer = first.isCut ? await askOverTcp({ host, port }, asked) : first
      return toldBy(server, answer, name, type)
    } catch {
      return []
    }
  }

  return async (text, type) => {
    const name = text.toLowerCase()
    if (!canBeAsked(name)) return { kind: 'unknown', why: 'no name that can be asked about' }
    const servers = await serversOf(name)
    const told = await concurrently(servers, ASKED_AT_ONCE, (one) => askServer(one, name, type))
    const answers = told.flat()
    if (answers.length > 0) return { kind: 'told', servers: answers }
    const why = servers.length === 0 ? 'its name servers are not known' : 'no name server answered'
    return { kind: 'unknown', why }
  }
}

function toldBy(
  server: string,
  { rcode, records }: AnswerMessage,
  name: string,
  type: AuthorityType,
): ServerAnswer[] {
  if (rcode === NXDOMAIN) return [{ server, records: [], ttlSeconds: null }]
  if (rcode !== 0 || records === undefined) return []
  const own = records.filter((one) => one.owner === name && one.type === recordTypes[type])
  const ttls = own.map(({ ttlSeconds }) => ttlSeconds)
  return [
    {
      server,
      records: own.map(({ data }) => textOf(type, data)),
      ttlSeconds: ttls.length === 0 ? null : Math.max(...ttls),
    },
  ]
}

function textOf(type: AuthorityType, data: Buffer): string {
  switch (type) {
    case 'MX':
      return `${data.readUInt16BE(0)} ${data.toString('latin1', 2).toLowerCase() || '.'}`
    case 'CNAME':
      return data.toString('latin1').toLowerCase()
    case 'TXT':
      return joined(data)
  }
}

/** RFC 1035 §3.3.14: strings, each behind its length. */
function joined(data: Buffer): string {
  let text = ''
  for (let at = 0; at < data.length; ) {
    const length = data[at] ?? 0
    text += data.toString('latin1', at + 1, at + 1 + length)
    at += 1 + length
  }
  return text
}
