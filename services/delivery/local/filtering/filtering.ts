// Mail that goes through scripts: finds out what they want of a message, and has it done. A run that fails has nothing done; the message is
// kept, and the owner told. Whoever has no script pays nothing: the account, which delivery reads anyway, says so.
//
// On the spot, before there is a group and a lease, only what is soon done with is done at all (on-the-spot.ts). A run changes nothing, so
// what was found out for nothing is found out again.

import type { AccountRecord } from '#shared/directory/records.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { ObjectReader } from '#shared/message/stored-message.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import type { LocalResult } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import { ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { CompiledScripts } from '#shared/sieve/account/compiled-scripts.ts'
import { Lookups } from '#shared/sieve/account/facts.ts'
import type { SiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { ACTIONS_MAX, BODY_BYTES_MAX, STEPS_MAX } from '#shared/sieve/limits.ts'
import type { FilterMemory } from '#shared/sieve/memory.ts'
import { readMessage } from '#shared/sieve/read-message.ts'
import type { HeaderEditRules, RunContext } from '#shared/sieve/run/context.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'
import { type NamedScript, type RunResult, runScripts } from '#shared/sieve/run/interpreter.ts'
import { zoneAt } from '#shared/sieve/run/zone.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import { deliveryFields, type Letter, leftToDelivery, noteOf } from '../letter.ts'
import type { DoActions } from './do-actions.ts'
import { hasty, isSoonDone } from './on-the-spot.ts'
import type { TellOwner } from './tell-owner.ts'

export type FilteredAccount = Pick<AccountRecord, 'script' | 'displayName'>

/** Undefined: no script decides of it after all. Fails as the store does, and of nothing else. */
export type Filtering = (
  letter: Letter,
  account: FilteredAccount,
) => Promise<LocalResult | undefined>

export interface Filterings {
  /** All that scripts want. */
  readonly wholly: Filtering
  /** What is soon done with; else it is left to delivery. */
  readonly onTheSpot: Filtering
}

export type FilteringOptions = {
  readonly recipientDelimiter: string
  readonly sieveMaxRedirects: number
  readonly sieveVacationMinPeriodMs: number
  readonly sieveVacationDefaultPeriodMs: number
  readonly sieveVacationMaxPeriodMs: number
  readonly headerEdits: HeaderEditRules
}

/** Of what a run may ask, what is known besides the message and its envelope. */
export type Facts = (
  letter: Letter,
  message: RunContext['message'],
  lookups: Lookups,
) => Promise<Pick<RunContext, 'environment' | 'folders' | 'listHolds' | 'listMembers' | 'verdict'>>

export function createFiltering(deps: {
  readonly compiled: CompiledScripts
  readonly site: SiteScripts
  readonly objects: ObjectReader
  readonly facts: Facts
  readonly memory: Pick<FilterMemory, 'isNoted'>
  readonly doActions: DoActions
  readonly tellOwner: TellOwner
  readonly extensions: ReadonlySet<string>
  readonly options: FilteringOptions
  readonly clock: Clock
  readonly log: Log
}): Filterings {
  const { compiled, site, log } = deps
  const memory = new ByteBudget(RUNS_BYTES_MAX)

  async function wholly(letter: Letter, account: FilteredAccount) {
    try {
      return await decided(letter, account)
    } catch (error) {
      if (error instanceof TemporaryFailure) throw error
      // A bug that a script found: nobody's mail waits for it, nor that of others whom the same group brings it to.
      const { message, recipient } = letter
      const fields = { queueId: message.queueId, to: recipient.address, error }
      log.error(fields, 'scripts could not be run, message kept')
      return undefined
    }
  }

  async function decided(letter: Letter, account: FilteredAccount) {
    const { message, recipient } = letter
    using held = new HeldBytes(memory)
    if (!(await held.wait(bytesFor(letter), { clock: deps.clock, waitMs: MEMORY_WAIT_MS }))) {
      throw new Contended('no memory for its scripts now')
    }
    const context = await contextOf(letter, account)
    const result = await run(letter, account, context)
    if (result === undefined) return undefined
    if (result.kind === 'done') return await deps.doActions(letter, context, result)
    const { queueId } = message
    const { script, at, reason } = result
    const fields = { queueId, to: recipient.address, script, scriptLine: at.line, reason }
    log.warn(fields, 'script failed, message kept')
    return await deps.tellOwner(letter, context, result)
  }

  async function onTheSpot(letter: Letter, account: FilteredAccount) {
    using held = new HeldBytes(memory)
    if (!held.take(bytesFor(letter))) return leftToDelivery
    const said: string[] = []
    try {
      const context = hasty(await contextOf(letter, account), said)
      const result = await run(letter, account, context)
      if (result === undefined) return undefined
      if (!isSoonDone(result, said)) return leftToDelivery
      for (const text of said) noteIn(letter, text)
      return await deps.doActions(letter, context, result)
    } catch (error) {
      if (error instanceof TemporaryFailure) throw error
      // A bug, which delivery meets and tells of.
      return leftToDelivery
    }
  }

  function noteIn({ message: { queueId }, recipient: { address: to } }: Letter, text: string) {
    log.info({ queueId, to, said: text.slice(0, SAID_CHARACTERS_MAX) }, 'script says')
  }

  async function contextOf(letter: Letter, { displayName }: FilteredAccount): Promise<RunContext> {
    const { options, clock } = deps
    const { recipient, account } = letter
    const source = new StoredMessage(deps.objects, letter.blob, deliveryFields(recipient))
    const message = readMessage(source)
    const lookups = new Lookups()
    const nowMs = clock.now()
    const by = noteOf(letter)
    const addresses = [recipient.address, recipient.original].map((each) => each.toLowerCase())
    return {
      ...(await deps.facts(letter, message, lookups)),
      message,
      envelope: envelopeOf(letter),
      owner: {
        address: recipient.address,
        name: displayName === '' ? null : displayName,
        addresses: [...new Set(addresses)],
        recipientDelimiter: options.recipientDelimiter,
      },
      nowMs,
      zone: zoneAt(nowMs),
      wasSeen: (name) =>
        lookups.once(`seen ${name}`, () =>
          deps.memory.isNoted({ account, kind: 'seen', name, by }),
        ),
      limits: {
        steps: STEPS_MAX,
        actions: ACTIONS_MAX,
        redirects: options.sieveMaxRedirects,
        vacationSeconds: {
          min: options.sieveVacationMinPeriodMs / 1_000,
          default: options.sieveVacationDefaultPeriodMs / 1_000,
          max: options.sieveVacationMaxPeriodMs / 1_000,
        },
      },
      headerEdits: options.headerEdits,
      extensions: deps.extensions,
      note: (text) => noteIn(letter, text),
    }
  }

  async function run(
    letter: Letter,
    account: FilteredAccount,
    context: RunContext,
  ): Promise<RunResult | undefined> {
    let name = ''
    try {
      const scripts: NamedScript[] = []
      for (const wanted of scriptsOf(letter, account)) {
        name = wanted.name
        const owner = wanted.isSite ? null : letter.account
        const script = await compiled.get(owner, name, wanted.version)
        if (script !== undefined) scripts.push({ name, script })
        // An account's own was removed in this moment.
        else if (wanted.isSite) log.warn({ script: name }, 'no such site script')
      }
      if (scripts.length === 0) return undefined
      return await runScripts(scripts, context, (location, included) =>
        compiled.get(location === 'global' ? null : letter.account, included),
      )
    } catch (error) {
      if (!(error instanceof SieveRunError)) throw error
      const at = error.at ?? { line: 1, column: 1 }
      return { kind: 'failed', script: name, at, reason: error.message, steps: 0 }
    }
  }

  function scriptsOf(
    { recipient }: Letter,
    { script }: FilteredAccount,
  ): readonly { readonly name: string; readonly version?: number; readonly isSite: boolean }[] {
    const onSite = (names: readonly string[]) => names.map((name) => ({ name, isSite: true }))
    const instead = site.defaultOf(parseAddress(recipient.address)?.domain)
    const own =
      script === null
        ? onSite(instead === undefined ? [] : [instead])
        : [{ ...script, isSite: false }]
    return [...onSite(site.before), ...own, ...onSite(site.after)]
  }

  return { wholly, onTheSpot }
}

const SAID_CHARACTERS_MAX = 500

/** Memory for all runs of a process at once: one large message comes to many, and the script of each of them may look into it. */
export const RUNS_BYTES_MAX = 128 * 1024 * 1024
/** Of a run, with a small message and the values that are kept of it (VALUES_KEPT_CHARACTERS_MAX). */
const RUN_BYTES = 512 * 1024
/** A body that is looked at: decoded, as one text, folded, and as a variable has it. */
const TIMES_IN_MEMORY = 4
/** How long a message waits for that; then it is tried again within seconds. */
const MEMORY_WAIT_MS = 30_000

function bytesFor({ blob }: Letter): number {
  return RUN_BYTES + TIMES_IN_MEMORY * Math.min(blob.object.length, BODY_BYTES_MAX)
}

/** RFC 5228 §5.4, RFC 6009 §2. */
function envelopeOf({ message, recipient }: Letter): RunContext['envelope'] {
  const { sender, dsnReturn, dsnEnvelopeId } = message.envelope
  return {
    from: sender,
    to: recipient.original,
    ...authOf(message),
    ...(recipient.notify.length > 0 && { notify: recipient.notify.join(',') }),
    ...(recipient.originalRecipient !== null && { orcpt: recipient.originalRecipient }),
    ...(dsnReturn !== null && { ret: dsnReturn }),
    ...(dsnEnvelopeId !== null && { envid: dsnEnvelopeId }),
  }
}

/** Who sent it, where that is one of ours; what others say in AUTH= nobody here knows to be true (RFC 4954 §5). */
const authOf = ({ origin: { account } }: QueuedMessage) =>
  account?.login.includes('@') ? { auth: account.login } : {}
