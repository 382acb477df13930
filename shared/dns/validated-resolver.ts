// What a name server that validates DNSSEC says, and whether it has validated it (RFC 4035 §3.2.3, the AD bit): worth what the server is, and
// the way to it. So only servers are asked that an administrator has named for it. Answers are kept as long as they hold, up to a limit.

import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import { askOverTcp, askOverUdp, type NameServer, parseServer } from './exchange.ts'
import { type AnswerMessage, type AskedType, canBeAsked, NXDOMAIN, recordTypes } from './message.ts'

export interface ValidatedResolver {
  ask(name: string, type: AskedType): Promise<ValidatedAnswer>
}

export type ValidatedAnswer =
  | {
      readonly kind: 'found'
      /** Data of each; names are text. */
      readonly records: readonly Buffer[]
      /** All of the answer, aliases on the way among it. */
      readonly isSecure: boolean
      /** The name that has the records: another one where aliases lead to it. */
      readonly owner: string
    }
  /** There is no such name, or no such record. */
  | { readonly kind: 'none'; readonly isSecure: boolean }
  /** Also where what was found is not what its zone signed (SERVFAIL). */
  | { readonly kind: 'failure'; readonly reason: string }

export const KEPT_ANSWERS_MAX = 5_000
export const KEPT_MS_MAX = 300_000
/** Of what is not there. */
const KEPT_NONE_MS = 60_000
const ALIASES_MAX = 16

export function createValidatedResolver(deps: {
  /** Each is asked in turn. */
  readonly servers: readonly string[]
  readonly timeoutMs: number
  readonly tries: number
  readonly clock: Pick<Clock, 'now'>
}): ValidatedResolver {
  const { timeoutMs, tries, clock } = deps
  const servers = deps.servers.flatMap((text) => parseServer(text) ?? [])
  const kept = new Map<string, { readonly answer: ValidatedAnswer; readonly untilMs: number }>()

  async function askServers(name: string, type: AskedType): Promise<Read> {
    let reason = 'no name server to be asked'
    for (let i = 0; i < tries; i++) {
      for (const server of servers) {
        try {
          const read = readMessage(await askOne(server, name, type), name, type)
          if (read.answer.kind !== 'failure') return read
          reason = read.answer.reason
        } catch (error) {
          reason = error instanceof Error ? error.message : String(error)
        }
      }
    }
    return { answer: { kind: 'failure', reason }, lifeMs: 0 }
  }

  async function askOne(server: NameServer, name: string, type: AskedType) {
    const asked = { name, type, validated: true, timeoutMs }
    const answer = await askOverUdp(server, asked)
    return answer.isCut ? await askOverTcp(server, asked) : answer
  }

  return {
    async ask(text, type) {
      const name = text.toLowerCase()
      if (!canBeAsked(name)) return { kind: 'none', isSecure: false }
      const key = `${type} ${name}`
      const known = kept.get(key)
      if (known !== undefined && clock.now() < known.untilMs) return known.answer
      const { answer, lifeMs } = await askServers(name, type)
      kept.delete(key)
      if (lifeMs > 0) kept.set(key, { answer, untilMs: clock.now() + lifeMs })
      takeOldest(kept, KEPT_ANSWERS_MAX)
      return answer
    },
  }
}

type Read = { readonly answer: ValidatedAnswer; readonly lifeMs: number }

function readMessage(
  { rcode, isAuthentic, records }: AnswerMessage,
  name: string,
  type: AskedType,
): Read {
  if (rcode !== 0 && rcode !== NXDOMAIN) return fail(`the name server failed (${nameOf(rcode)})`)
  if (records === undefined) return fail('the name server answered what cannot be read')
  const none: Read = { answer: { kind: 'none', isSecure: isAuthentic }, lifeMs: KEPT_NONE_MS }
  if (rcode === NXDOMAIN) return none
  let owner = name
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    const own = records.filter((record) => record.owner === owner)
    const found = own.filter((record) => record.type === recordTypes[type])
    if (found.length > 0) {
      const ttlSeconds = Math.min(...records.map((record) => record.ttlSeconds))
      const data = found.map((record) => Buffer.from(record.data))
      return {
        answer: { kind: 'found', records: data, isSecure: isAuthentic, owner },
        lifeMs: Math.min(ttlSeconds * 1_000, KEPT_MS_MAX),
      }
    }
    const alias = own.find((record) => record.type === recordTypes.CNAME)
    if (alias === undefined) return none
    owner = alias.data.toString('latin1').toLowerCase()
  }
  return fail('more aliases than are followed')
}

const fail = (reason: string): Read => ({ answer: { kind: 'failure', reason }, lifeMs: 0 })

const nameOf = (rcode: number) => ({ 2: 'SERVFAIL', 5: 'REFUSED' })[rcode] ?? `code ${rcode}`
