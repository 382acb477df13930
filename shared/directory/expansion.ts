// Full alias expansion of a message's recipients, as Postfix's virtual_alias_maps do it. Each original recipient is followed on
// its own, so that its failure is its own; what earlier ones reached is not gone through again, so that the work grows with
// the distinct addresses of a message and not with the ways to them.
//
// An alias is followed once per original recipient; coming back to it adds nothing (`a → b`, `b → a, c` delivers to c).
// An original recipient that leads nowhere because of that has failed as a loop. Past a limit an original recipient fails
// whole: mail to a part of a list is worse than a bounce. An extension that the lookup did not need is passed on to every
// target (Postfix's propagate_unmatched_extensions: virtual): with `bob → carol@other.test`, `bob+x` goes to
// `carol+x@other.test`.
//
// An account that forwards its mail is followed like an alias, but without extensions, as `.forward` is; its own address among the targets
// is its copy. To an account that has the message already it is not followed again: the mail goes in circles, and the delivery says so.
//
// Mail for an account that is still on an old server leaves for there, whatever the account here would do with it; once only. So does that
// for who is not here of a domain that is there.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type Address, fits, formatAddress, lookupKey } from '#shared/mail/address.ts'
import { passedToSource } from '#shared/mail/at-source-mark.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { turns } from '#shared/runtime/turns.ts'
import { guestId } from './guests.ts'
import type { Lookup, Match } from './lookup.ts'
import { type AddressRecord, addressKey } from './records.ts'

export type Expansion = {
  readonly local: readonly ExpandedAccount[]
  readonly remote: readonly Expanded[]
  readonly failed: readonly FailedRecipient[]
}

/** `originalRecipient` is the very object that was passed in; for a duplicate, the first that led here. */
type Expanded = {
  readonly address: Address
  readonly originalRecipient: Address
  /** The account whose forward led here last. */
  readonly forwardedBy?: Address
  /** Of an address elsewhere: it is on an old server, an account's or a guest's (guests.ts). */
  readonly atSource?: AccountId
}

type ExpandedAccount = Expanded & {
  readonly accountId: AccountId
  readonly extension: string | null
  /** A script decides what becomes of its mail. */
  readonly filtered: boolean
}
export type FailedRecipient = Expanded & {
  readonly reason: 'unknown' | 'loop' | 'too-many' | 'disabled' | 'message-limit'
}

export type ExpansionLimits = {
  /** Rounds of aliases that lead to aliases. */
  readonly virtualAliasRecursionLimit: number
  /** Addresses that one original recipient may become. */
  readonly virtualAliasExpansionLimit: number
  /** First character is the one written between a target and a passed-on extension. */
  readonly recipientDelimiter: string
  /** An extension may choose a folder: then it makes a delivery of its own. */
  readonly lmtpSaveToDetailMailbox: boolean
}

export type ExpansionOptions = {
  /** Addresses here that the message was delivered to before. */
  readonly deliveredTo?: readonly string[]
  /** False: accounts are the end, whatever they do with their mail. */
  readonly followsForwards?: boolean
  /** All other domains are like those of others; absent: ours are ours. For who is told of it; mail goes further. */
  readonly within?: readonly Domain[]
}

/** Whether mail of this account goes where it forwards to. */
type SendsOn = (own: Address) => boolean
/** Whether it went to the old server of this account before. */
type WasPassed = (own: Address) => boolean

/**
 * Extensions with which one entry is reached by one message; further ones have been served by these. A stranger chooses
 * extensions freely: `list+0@ … list+999@` must not make a thousand mailings of one.
 */
export const EXTENSIONS_PER_ENTRY_MAX = 10
/**
 * Final recipients that one message is delivered to, whatever its aliases have become since it was taken (`messageFinalRecipientLimit`
 * bounds it before that). Original recipients beyond fail whole.
 */
export const FINAL_RECIPIENTS_MAX = 100_000
/** Addresses asked for in one batch of reads, between turns of the event loop. */
export const LOOKUP_ADDRESSES_MAX = 200
/** Answers kept while a message is expanded; past it they are asked for again. */
const MATCHES_MAX = 20_000

export function expand(
  recipients: readonly Address[],
  lookup: Lookup,
  limits: ExpansionLimits,
  options: ExpansionOptions = {},
): Promise<Expansion> {
  const { within } = options
  const asked = within === undefined ? lookup : lookupWithin(lookup, within)
  return new MessageExpansion(asked, limits, options).expand(recipients)
}

const lookupWithin =
  (lookup: Lookup, domains: readonly Domain[]): Lookup =>
  async (addresses) => {
    const seen = addresses.filter(({ domain }) => domains.includes(domain))
    const matches = new Map((await lookup(seen)).map((match, i) => [seen[i], match]))
    return addresses.map((address) => matches.get(address) ?? { kind: 'remote' })
  }

/** An address to look up next, and what named it. */
type Step = {
  readonly address: Address
  readonly from: AddressRecord | null
  /** The account that forwarded it last; `isForward`: that named it. */
  readonly forwardedBy?: Address
  readonly isForward: boolean
}

type Outcome =
  | { readonly kind: 'local'; readonly recipient: ExpandedAccount }
  | { readonly kind: 'remote'; readonly recipient: Expanded }
  | { readonly kind: 'failed'; readonly recipient: FailedRecipient }

type Reason = FailedRecipient['reason']

class MessageExpansion {
  readonly #lookup: Lookup
  readonly #limits: ExpansionLimits
  readonly #matches = new Map<string, Match>()
  /** Aliases that original recipients before this one went through, with the extensions they came with. */
  readonly #followed = new Entries()
  /** Aliases that alone lead to too many addresses: whoever leads to them does. */
  readonly #tooLarge = new Set<string>()
  readonly #local = new Map<string, ExpandedAccount>()
  readonly #extensions = new Entries()
  readonly #remote = new Map<string, Expanded>()
  readonly #failed = new Map<string, FailedRecipient>()
  readonly #sendsOn: SendsOn
  readonly #wasPassed: WasPassed

  constructor(lookup: Lookup, limits: ExpansionLimits, options: ExpansionOptions) {
    this.#lookup = lookup
    this.#limits = limits
    const { deliveredTo = [], followsForwards = true } = options
    const before = new Set(deliveredTo.map(lookupKey))
    this.#sendsOn = (own) => followsForwards && !before.has(lookupKey(formatAddress(own)))
    this.#wasPassed = (own) => before.has(lookupKey(passedToSource(formatAddress(own))))
  }

  async expand(recipients: readonly Address[]): Promise<Expansion> {
    await this.#readAhead(recipients)
    for (const original of recipients) await this.#follow(original)
    return {
      local: [...this.#local.values()],
      remote: [...this.#remote.values()],
      failed: [...this.#failed.values()],
    }
  }

  get #size(): number {
    return this.#local.size + this.#remote.size + this.#failed.size
  }

  /** Reads round by round for all recipients together what their walks will ask for, so that they need not ask one by one. */
  async #readAhead(recipients: readonly Address[]): Promise<void> {
    const seen = new Entries()
    let frontier = recipients
    for (let round = 0; round <= this.#limits.virtualAliasRecursionLimit; round++) {
      await this.#look(frontier)
      const next = new Map<string, Address>()
      for (const address of frontier) {
        const match = this.#matches.get(formatAddress(address))
        if (match?.kind !== 'entry') continue
        const { targets, account } = match.entry
        const named = targets ?? account?.forward?.to
        if (named === undefined || !seen.add(nameOf(match.entry), match.extension)) continue
        for (const target of targets === null ? named : this.#targets(named, match.extension)) {
          const text = formatAddress(target)
          if (!this.#matches.has(text)) next.set(text, target)
        }
        const wait = turns.step()
        if (wait) await wait
        if (this.#matches.size + next.size > MATCHES_MAX / 2) return
      }
      if (next.size === 0) return
      frontier = [...next.values()]
    }
  }

  async #look(addresses: readonly Address[]): Promise<void> {
    if (this.#matches.size > MATCHES_MAX) this.#matches.clear()
    const asked = new Map<string, Address>()
    for (const address of addresses) {
      const text = formatAddress(address)
      if (!this.#matches.has(text)) asked.set(text, address)
    }
    const texts = [...asked.keys()]
    for (let at = 0; at < texts.length; at += LOOKUP_ADDRESSES_MAX) {
      const chunk = texts.slice(at, at + LOOKUP_ADDRESSES_MAX)
      const answers = await this.#lookup(chunk.flatMap((text) => asked.get(text) ?? []))
      for (const [i, text] of chunk.entries()) {
        const answer = answers[i]
        if (answer !== undefined) this.#matches.set(text, answer)
      }
      const wait = turns.step()
      if (wait) await wait
    }
  }

  async #follow(original: Address): Promise<void> {
    const walk = new Walk(original, this.#followed, this.#tooLarge, {
      sendsOn: this.#sendsOn,
      wasPassed: this.#wasPassed,
    })
    for (let round = 0; round <= this.#limits.virtualAliasRecursionLimit; round++) {
      const { frontier } = walk
      await this.#look(frontier.map(({ address }) => address))
      const next: Step[] = []
      for (const step of frontier) {
        const match = this.#matches.get(formatAddress(step.address))
        // Cannot happen: every address was asked for. Passing over it would lose mail.
        if (match === undefined) throw new Error('address was not looked up')
        const alias = walk.take(step, match)
        if (alias !== undefined) {
          const { forwardedBy = step.forwardedBy, isForward } = alias
          for (const address of this.#targets(alias.targets, alias.extension)) {
            next.push({
              address,
              from: alias.entry,
              isForward,
              ...(forwardedBy && { forwardedBy }),
            })
          }
        }
        const reached = walk.outcomes.length + next.length
        if (reached > this.#limits.virtualAliasExpansionLimit) walk.fail('too-many')
        else if (this.#size + reached > FINAL_RECIPIENTS_MAX) walk.fail('message-limit')
        if (walk.failure !== null) break
        const wait = turns.step()
        if (wait) await wait
      }
      walk.frontier = walk.failure === null ? next : []
      if (walk.frontier.length === 0) break
    }
    this.#conclude(walk)
  }

  #targets(targets: readonly Address[], extension: string | null): Address[] {
    const delimiters = this.#limits.recipientDelimiter
    return targets.map((target) => withExtension(target, extension, delimiters))
  }

  /** What a walk found counts, and later walks need not find it again. What a failed one found does not. */
  #conclude(walk: Walk): void {
    const failure = walk.conclusion()
    if (failure !== null) {
      if (failure === 'too-many' && walk.root !== null) this.#tooLarge.add(walk.root)
      this.#fail({ address: walk.original, originalRecipient: walk.original, reason: failure })
      return
    }
    for (const [name, extension] of walk.followed) this.#followed.add(name, extension)
    for (const outcome of walk.outcomes) this.#record(outcome)
  }

  /** One delivery for each account, one for each remote address; the first original recipient has it. */
  #record(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'local': {
        const { accountId, extension } = outcome.recipient
        // Where no folder is chosen by it, an extension makes no second delivery.
        const apart = this.#limits.lmtpSaveToDetailMailbox ? extension : null
        if (!this.#extensions.add(accountId, apart)) return
        this.#local.set(`${accountId}+${apart ?? ''}`, outcome.recipient)
        return
      }
      case 'remote':
        setOnce(this.#remote, formatAddress(outcome.recipient.address), outcome.recipient)
        return
      case 'failed':
        this.#fail(outcome.recipient)
        return
      default:
        unreachable(outcome)
    }
  }

  #fail(recipient: FailedRecipient): void {
    setOnce(this.#failed, `${recipient.reason} ${formatAddress(recipient.address)}`, recipient)
  }
}

/** The way of one original recipient through the aliases. */
class Walk {
  readonly original: Address
  frontier: readonly Step[]
  readonly outcomes: Outcome[] = []
  /** Aliases gone through, each once, with the extension they were reached by. */
  readonly followed = new Map<string, string | null>()
  /** The alias that the original recipient is. */
  root: string | null = null
  #failure: Reason | null = null
  /** It came to an alias whose targets have the message already. */
  #served = false
  readonly #before: Entries
  readonly #tooLarge: ReadonlySet<string>
  readonly #sendsOn: SendsOn
  readonly #wasPassed: WasPassed

  constructor(
    original: Address,
    before: Entries,
    tooLarge: ReadonlySet<string>,
    { sendsOn, wasPassed }: { readonly sendsOn: SendsOn; readonly wasPassed: WasPassed },
  ) {
    this.original = original
    this.frontier = [{ address: original, from: null, isForward: false }]
    this.#before = before
    this.#tooLarge = tooLarge
    this.#sendsOn = sendsOn
    this.#wasPassed = wasPassed
  }

  get failure(): Reason | null {
    return this.#failure
  }

  fail(reason: Reason): void {
    this.#failure ??= reason
  }

  /** Why the original recipient as a whole has failed, null when it has not. */
  conclusion(): Reason | null {
    if (this.#failure !== null) return this.#failure
    if (this.frontier.length > 0) return 'loop'
    return this.outcomes.length === 0 && !this.#served ? 'loop' : null
  }

  /** Records where a step ended, or returns the alias it leads to. */
  take(step: Step, match: Match): Alias | undefined {
    switch (match.kind) {
      case 'remote':
        this.outcomes.push({ kind: 'remote', recipient: this.#expanded(step) })
        return undefined
      case 'unknown':
        this.outcomes.push(this.#failed(step, 'unknown'))
        return undefined
      case 'guest':
        this.#passOn(step, step.address, guestId(step.address))
        return undefined
      case 'entry':
        return this.#enter(step, match.entry, match.extension)
      default:
        return unreachable(match)
    }
  }

  #enter(step: Step, entry: AddressRecord, extension: string | null): Alias | undefined {
    const cameFromItself =
      step.from !== null &&
      step.from.name.local === entry.name.local &&
      step.from.name.domain === entry.name.domain
    // An alias that names its own address means the account there.
    if (entry.account !== null && (entry.targets === null || cameFromItself)) {
      return this.#arrive(step, { entry, account: entry.account, extension, cameFromItself })
    }
    const { targets } = entry
    if (targets === null) return undefined
    return this.#followOnce(step, nameOf(entry), {
      entry,
      targets,
      extension,
      isForward: false,
    })
  }

  /** At an account, which may send it on. */
  #arrive(step: Step, { entry, account, extension, cameFromItself }: Arrival): Alias | undefined {
    const { id, enabled, forward, filtered, source } = account
    if (!enabled) {
      this.outcomes.push(this.#failed(step, 'disabled'))
      return undefined
    }
    const own = ownAddress(entry)
    if (source !== undefined && own !== undefined) {
      this.#passOn(step, own, id)
      return undefined
    }
    const isDone =
      forward === null ||
      (step.isForward && cameFromItself) ||
      own === undefined ||
      !this.#sendsOn(own)
    if (isDone || forward.keep) {
      const recipient = { ...this.#expanded(step), accountId: id, extension, filtered }
      this.outcomes.push({ kind: 'local', recipient })
    }
    if (isDone) return undefined
    return this.#followOnce(step, `${nameOf(entry)}\0forward`, {
      entry,
      targets: forward.to,
      extension: null,
      forwardedBy: own,
      isForward: true,
    })
  }

  /** To its old server. RFC 5321 §6.3: it would come back again and again. */
  #passOn(step: Step, own: Address, atSource: AccountId): void {
    if (this.#wasPassed(own)) this.outcomes.push(this.#failed(step, 'loop'))
    else this.outcomes.push({ kind: 'remote', recipient: { ...this.#expanded(step), atSource } })
  }

  #followOnce(step: Step, name: string, alias: Alias): Alias | undefined {
    if (this.followed.has(name)) return undefined
    if (step.from === null) this.root = name
    const { extension } = alias
    if (this.#tooLarge.has(name)) this.fail('too-many')
    else if (this.#before.takes(name, extension)) {
      this.followed.set(name, extension)
      return alias
    } else this.#served = true
    return undefined
  }

  #expanded({ address, forwardedBy }: Step): Expanded {
    return { address, originalRecipient: this.original, ...(forwardedBy && { forwardedBy }) }
  }

  #failed(step: Step, reason: Reason): Outcome {
    return { kind: 'failed', recipient: { ...this.#expanded(step), reason } }
  }
}

type Alias = {
  readonly entry: AddressRecord
  readonly targets: readonly Address[]
  readonly extension: string | null
  readonly isForward: boolean
  /** Undefined: whoever forwarded it before. */
  readonly forwardedBy?: Address
}

type Arrival = {
  readonly entry: AddressRecord
  readonly account: NonNullable<AddressRecord['account']>
  readonly extension: string | null
  readonly cameFromItself: boolean
}

/** A catch-all has none, and no account. */
function ownAddress({ name: { local, domain } }: AddressRecord): Address | undefined {
  return local === null ? undefined : { local, domain }
}

/** Entries, each with the extensions it was reached by: the first few of them. */
class Entries {
  readonly #extensions = new Map<string, Set<string>>()

  /** Whether the entry is new with this extension, and may have one more. */
  takes(name: string, extension: string | null): boolean {
    const known = this.#extensions.get(name)
    return !known || (known.size < EXTENSIONS_PER_ENTRY_MAX && !known.has(extension ?? ''))
  }

  /** Adds it where `takes` says so. */
  add(name: string, extension: string | null): boolean {
    if (!this.takes(name, extension)) return false
    const known = this.#extensions.get(name)
    if (known) known.add(extension ?? '')
    else this.#extensions.set(name, new Set([extension ?? '']))
    return true
  }
}

function nameOf(entry: AddressRecord): string {
  const { pk, sk } = addressKey(entry.name)
  return `${pk}\0${sk}`
}

function withExtension(target: Address, extension: string | null, delimiters: string): Address {
  if (extension === null || extension === '') return target
  const extended = { ...target, local: `${target.local}${delimiters.charAt(0)}${extension}` }
  // Deliberately: an extension that no longer fits is dropped rather than the mail.
  return fits(extended) ? extended : target
}

function setOnce<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value)
}
