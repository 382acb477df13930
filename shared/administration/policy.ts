// What is thought of mail and why: what was decided, what would be decided of a client that somebody thinks of, and what other settings would
// have made of the mail that came. Nothing is counted or written.

import { isIP } from 'node:net'
import { type DecisionRecord, outcomeOf, type Replayed } from '#shared/contracts/decisions.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { newQueueId, parseQueueId } from '#shared/mail/queue-id.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { AdministrationDeps } from './deps.ts'
import { createMessageScope } from './message-scope.ts'
import { listSettings } from './policy-rehearsal.ts'
import { type BadValue, badValue, type NoSuchAccount, type NotTraced } from './refusals.ts'
import type { Extent } from './rights/actor.ts'
import { narrowedDecision, partiesOfDecision } from './trace/parties.ts'

export interface PolicyAdministration {
  /** The lists as they are in force, stage by stage. */
  lists(): Promise<readonly PolicyList[]>
  /** What was decided about a message. */
  recorded(queueId: string, within?: Extent): Promise<Explained | BadValue | NotTraced>
  /** What would be decided now. */
  explain(request: ExplainRequest): Promise<Explained | BadValue | NoSuchAccount>
  /** Decides again what was decided, by the settings as they would be with these changes. */
  replay(request: ReplayRequest): Promise<ReplayReport | BadValue>
}

export type PolicyList = {
  /** `smtpdClientRestrictions` */
  readonly setting: string
  readonly restrictions: string
}

export type Explained = {
  readonly kind: 'explained'
  readonly decisions: readonly DecisionRecord[]
}

export const explainListeners = ['smtp', 'submission', 'submissions', 'lmtp'] as const

export type ExplainRequest = {
  readonly client: string
  readonly helo?: string | undefined
  /** `<>` or nothing: the null sender. */
  readonly sender?: string | undefined
  readonly recipient: string
  /** The account that it logged in as. */
  readonly login?: string | undefined
  readonly listener?: (typeof explainListeners)[number] | undefined
  readonly declaredBytes?: number | undefined
  readonly tls?: boolean | undefined
  readonly dnsServers?: readonly string[] | undefined
}

export type ReplayRequest = {
  /** How far back: 30m, 4h, 7d. */
  readonly since?: string | undefined
  /** Asks the DNS now for what it was not asked then. */
  readonly asksDns?: boolean | undefined
  /** Of settings, as if they were stored; absent: those in force. */
  readonly changes?: StoredSettings | undefined
  /** Decisions that are made again at most: whoever waits for an answer does not wait for a million. */
  readonly decisionsMax?: number | undefined
}

export type ReplayExample = {
  readonly queueId: string
  readonly atMs: number
  readonly remoteAddress: string
  readonly sender: string
  readonly ask: DecisionRecord['ask']
  /** Of an early question. */
  readonly stage: string | null
  readonly recipient: string | null
}

export type ReplayKind = {
  readonly kind: string
  readonly count: number
  readonly examples: readonly ReplayExample[]
}

export type ReplayReport = {
  readonly kind: 'replayed'
  readonly sinceMs: number
  /** Of a flood each stands for many. */
  readonly decisions: number
  readonly changed: { readonly count: number; readonly kinds: readonly ReplayKind[] }
  readonly undecided: { readonly count: number; readonly kinds: readonly ReplayKind[] }
  /** There are more of them. */
  readonly isCut: boolean
}

const DAY_MS = 86_400_000
const sinceKind = duration({ min: 0, max: 90 * DAY_MS })
const SINCE_MS = 7 * DAY_MS
const EXAMPLES_MAX = 3
/** Kinds of changes that are told apart. */
const KINDS_MAX = 1_000
export function createPolicyAdministration(
  deps: Pick<
    AdministrationDeps,
    'rehearsal' | 'decisions' | 'directory' | 'clock' | 'settings' | 'settingStore' | 'loadSettings'
  >,
): PolicyAdministration {
  const { rehearsal, decisions, directory, clock, settings } = deps

  return {
    lists: async () =>
      listSettings.map((setting) => ({ setting, restrictions: settings[setting] })),

    async recorded(text, within) {
      const queueId = parseQueueId(text.toUpperCase())
      if (queueId === undefined) return badValue('queueId', text, { name: 'queue-id' })
      const scope = createMessageScope(directory, within)
      const seen: DecisionRecord[] = []
      for (const record of await decisions.of(queueId)) {
        const parties = partiesOfDecision(record)
        if (!(await scope.sees(parties))) continue
        seen.push(narrowedDecision(record, await scope.recipientsTold(parties)))
      }
      if (seen.length > 0) return { kind: 'explained', decisions: seen }
      return { kind: 'not-traced', field: 'queueId', value: queueId }
    },

    async explain({ dnsServers, ...request }) {
      const { client, recipient, login, sender = '', helo = '', declaredBytes = 0 } = request
      if (isIP(client) === 0) return badValue('client', client, { name: 'ip-address' })
      const address = login === undefined ? undefined : parseAddress(login)
      const found = address && (await directory.accounts.get(address))
      if (login !== undefined && found === undefined) {
        return { kind: 'no-such-account', field: 'login', value: login }
      }
      const account = found && {
        id: found.id,
        login: formatAddress(found.address),
        sessionsEpoch: found.sessionsEpoch,
      }
      const asked: RecipientRequest = {
        queueId: newQueueId(clock.now()),
        origin: {
          listener: request.listener ?? (account === undefined ? 'smtp' : 'submission'),
          remoteAddress: client,
          remotePort: 0,
          helo,
          // Who logs in has it.
          tls: request.tls || account !== undefined ? usualTls : null,
          account: account ?? null,
        },
        sender: sender === '<>' ? '' : sender,
        declaredBytes,
        recipientsSoFar: 0,
        finalRecipientsSoFar: 0,
        recipient,
      }
      return { kind: 'explained', decisions: await rehearsal.transaction(asked, { dnsServers }) }
    },

    async replay({ since, asksDns = false, changes, decisionsMax = Number.POSITIVE_INFINITY }) {
      const spanMs = since === undefined ? SINCE_MS : sinceKind.parse(since)
      if (spanMs === undefined) {
        return badValue('since', since ?? '', { name: 'age', allowed: sinceKind.allowed })
      }
      const wanted = changes && (await settingsWith(changes))
      if (wanted?.kind === 'bad-value') return wanted
      const sinceMs = clock.now() - spanMs
      const changed = new Kinds()
      const undecided = new Kinds()
      let made = 0
      let weights = 0
      let isCut = false
      const all = rehearsal.replay({ settings: wanted?.value, sinceMs, asksDns })
      for await (const { record, verdict, isChanged, unknown } of all) {
        if (made === decisionsMax) {
          isCut = true
          break
        }
        made++
        const { weight } = record
        weights += weight
        const [first] = unknown
        if (first !== undefined) undecided.add(questionKind(first), weight, exampleOf(record))
        else if (isChanged) {
          const kind = `${outcomeOf(record.verdict)} -> ${outcomeOf(verdict)}`
          changed.add(kind, weight, exampleOf(record))
        }
      }
      return {
        kind: 'replayed',
        sinceMs,
        decisions: weights,
        changed: changed.told(),
        undecided: undecided.told(),
        isCut,
      }
    },
  }

  async function settingsWith(
    changes: StoredSettings,
  ): Promise<{ readonly kind: 'ok'; readonly value: Settings } | BadValue> {
    const loaded = await deps.loadSettings({ ...(await deps.settingStore.read()), ...changes })
    if (loaded.kind === 'ok') return { kind: 'ok', value: loaded.settings }
    const problem = loaded.problems.map(formatProblem).join('; ')
    return badValue('setting', Object.keys(changes).join(', '), { name: 'setting', problem })
  }
}

const usualTls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }

const exampleOf = (record: Replayed['record']): ReplayExample => {
  const { request, ask, atMs } = record
  return {
    queueId: request.queueId,
    atMs,
    remoteAddress: request.origin.remoteAddress,
    sender: 'envelope' in request ? request.envelope.sender : request.sender,
    ask,
    stage: 'stage' in request ? request.stage : null,
    recipient: 'recipient' in request ? request.recipient : null,
  }
}

/** By what they have in common. */
class Kinds {
  #count = 0
  readonly #kinds = new Map<string, { count: number; readonly examples: ReplayExample[] }>()

  add(name: string, weight: number, example: ReplayExample): void {
    this.#count += weight
    const isFull = this.#kinds.size >= KINDS_MAX && !this.#kinds.has(name)
    const known = isFull ? 'others' : name
    const kind = this.#kinds.get(known) ?? { count: 0, examples: [] }
    kind.count += weight
    if (kind.examples.length < EXAMPLES_MAX) kind.examples.push(example)
    this.#kinds.set(known, kind)
  }

  /** The largest first. */
  told(): ReplayReport['changed'] {
    const kinds = [...this.#kinds].toSorted(([, a], [, b]) => b.count - a.count)
    return { count: this.#count, kinds: kinds.map(([kind, facts]) => ({ kind, ...facts })) }
  }
}

/** Labels of an IPv4 address. */
const ADDRESS_LABELS_MIN = 4
const dnsTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'MX', 'NS', 'PTR', 'TXT'])

/** Questions about one list, or of one type, are alike; a restriction is itself. */
function questionKind(question: string): string {
  const [type = '', name = '', ...more] = question.split(' ')
  if (more.length > 0 || !dnsTypes.has(type)) return question
  const labels = name.split('.')
  const end = labels.findIndex((label) => !/^[0-9a-f]{1,3}$/.test(label))
  const zone = end >= ADDRESS_LABELS_MIN ? labels.slice(end).join('.') : undefined
  return zone === undefined ? `${type} of names` : `${type} below ${zone}`
}
