// Full alias expansion of a message's recipients, as Postfix's virtual_alias_maps do it: round by round, one batch of reads
// a round for all recipients together. Each original recipient is followed on its own, so that its failure is its own.
//
// An alias is followed once per original recipient; coming back to it adds nothing (`a → b`, `b → a, c` delivers to c).
// An original recipient that leads nowhere because of that has failed as a loop. Past a limit an original recipient fails
// whole: mail to a part of a list is worse than a bounce. An extension that the lookup did not need is passed on to every
// target (Postfix's propagate_unmatched_extensions: virtual): with `bob → carol@other.test`, `bob+x` goes to
// `carol+x@other.test`.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, formatAddress, LOCAL_PART_BYTES_MAX } from '#shared/mail/address.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Lookup, Match } from './lookup.ts'
import { type AddressRecord, addressKey } from './records.ts'

export type Expansion = {
  readonly local: readonly LocalRecipient[]
  readonly remote: readonly RemoteRecipient[]
  readonly failed: readonly FailedRecipient[]
}

/** `originalRecipient` is the very object that was passed in; for a duplicate, the first that led here. */
type Expanded = { readonly address: Address; readonly originalRecipient: Address }

export type LocalRecipient = Expanded & {
  readonly accountId: AccountId
  readonly extension: string | null
}
export type RemoteRecipient = Expanded
export type FailedRecipient = Expanded & {
  readonly reason: 'unknown' | 'loop' | 'too-many' | 'disabled'
}

export type ExpansionLimits = {
  /** Rounds of aliases that lead to aliases. */
  readonly virtualAliasRecursionLimit: number
  /** Addresses that one original recipient may become. */
  readonly virtualAliasExpansionLimit: number
  /** First character is the one written between a target and a passed-on extension. */
  readonly recipientDelimiter: string
}

export async function expand(
  recipients: readonly Address[],
  lookup: Lookup,
  limits: ExpansionLimits,
): Promise<Expansion> {
  const walks = recipients.map((original) => new Walk(original, limits))
  const matches = new Map<string, Match>()
  for (let round = 0; round <= limits.virtualAliasRecursionLimit; round++) {
    const asked = new Map<string, Address>()
    for (const { address } of walks.flatMap((walk) => walk.frontier)) {
      const text = formatAddress(address)
      if (!matches.has(text)) asked.set(text, address)
    }
    const answers = await lookup([...asked.values()])
    ;[...asked.keys()].forEach((text, i) => {
      const answer = answers[i]
      if (answer !== undefined) matches.set(text, answer)
    })
    for (const walk of walks) walk.advance(matches)
    if (walks.every((walk) => walk.frontier.length === 0)) break
  }
  return collect(walks.flatMap((walk) => walk.outcomes()))
}

/** An address to look up next, and the alias that named it. */
type Step = { readonly address: Address; readonly from: AddressRecord | null }

type Outcome =
  | { readonly kind: 'local'; readonly recipient: LocalRecipient }
  | { readonly kind: 'remote'; readonly recipient: RemoteRecipient }
  | { readonly kind: 'failed'; readonly recipient: FailedRecipient }

/** The way of one original recipient through the aliases. */
class Walk {
  frontier: readonly Step[]
  readonly #original: Address
  readonly #limits: ExpansionLimits
  readonly #followed = new Set<string>()
  readonly #outcomes: Outcome[] = []
  #tooMany = false

  constructor(original: Address, limits: ExpansionLimits) {
    this.#original = original
    this.#limits = limits
    this.frontier = [{ address: original, from: null }]
  }

  advance(matches: ReadonlyMap<string, Match>): void {
    const next: Step[] = []
    for (const step of this.frontier) {
      const match = matches.get(formatAddress(step.address))
      // Cannot happen: every address was asked for. Passing over it would lose mail.
      if (match === undefined) throw new Error('address was not looked up')
      next.push(...this.#take(step, match))
    }
    this.#tooMany ||= this.#outcomes.length + next.length > this.#limits.virtualAliasExpansionLimit
    this.frontier = this.#tooMany ? [] : next
  }

  outcomes(): readonly Outcome[] {
    if (this.#tooMany) return [this.#failed(this.#original, 'too-many')]
    const unfinished = this.frontier.length > 0
    if (unfinished || this.#outcomes.length === 0) return [this.#failed(this.#original, 'loop')]
    return this.#outcomes
  }

  /** Records where a step ended, or returns the steps it leads to. */
  #take(step: Step, match: Match): readonly Step[] {
    switch (match.kind) {
      case 'remote':
        this.#outcomes.push({ kind: 'remote', recipient: this.#expanded(step.address) })
        return []
      case 'unknown':
        this.#outcomes.push(this.#failed(step.address, 'unknown'))
        return []
      case 'entry':
        return this.#enter(step, match.entry, match.extension)
      default:
        return unreachable(match)
    }
  }

  #enter(step: Step, entry: AddressRecord, extension: string | null): readonly Step[] {
    const key = addressKey(entry.name)
    const cameFromItself =
      step.from !== null &&
      step.from.name.local === entry.name.local &&
      step.from.name.domain === entry.name.domain
    // An alias that names its own address means the account there.
    if (entry.account !== null && (entry.targets === null || cameFromItself)) {
      const { id, enabled } = entry.account
      this.#outcomes.push(
        enabled
          ? {
              kind: 'local',
              recipient: { ...this.#expanded(step.address), accountId: id, extension },
            }
          : this.#failed(step.address, 'disabled'),
      )
      return []
    }
    const name = `${key.pk}\0${key.sk}`
    if (entry.targets === null || this.#followed.has(name)) return []
    this.#followed.add(name)
    return entry.targets.map((target) => ({
      address: withExtension(target, extension, this.#limits.recipientDelimiter),
      from: entry,
    }))
  }

  #expanded(address: Address): Expanded {
    return { address, originalRecipient: this.#original }
  }

  #failed(address: Address, reason: FailedRecipient['reason']): Outcome {
    return { kind: 'failed', recipient: { ...this.#expanded(address), reason } }
  }
}

function withExtension(target: Address, extension: string | null, delimiters: string): Address {
  if (extension === null || extension === '') return target
  const local = `${target.local}${delimiters.charAt(0)}${extension}`
  // Deliberately: an extension that no longer fits is dropped rather than the mail.
  return Buffer.byteLength(local) > LOCAL_PART_BYTES_MAX ? target : { ...target, local }
}

/** One delivery for each account and extension, one for each remote address; the first original recipient has it. */
function collect(outcomes: readonly Outcome[]): Expansion {
  const local = new Map<string, LocalRecipient>()
  const remote = new Map<string, RemoteRecipient>()
  const failed: FailedRecipient[] = []
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case 'local':
        setOnce(
          local,
          `${outcome.recipient.accountId}+${outcome.recipient.extension ?? ''}`,
          outcome.recipient,
        )
        break
      case 'remote':
        setOnce(remote, formatAddress(outcome.recipient.address), outcome.recipient)
        break
      case 'failed':
        failed.push(outcome.recipient)
        break
      default:
        unreachable(outcome)
    }
  }
  return { local: [...local.values()], remote: [...remote.values()], failed }
}

function setOnce<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value)
}
