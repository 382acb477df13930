// Scripts over messages that are in folders: at events (RFC 6785) and because somebody asked for it (FILTER). One for all sessions of a
// process. Which scripts run, and what is told of it: events.ts, filter.ts.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Outbox } from '#shared/contracts/outbox.ts'
import type { Aliases } from '#shared/directory/aliases.ts'
import { flagList, noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { ObjectReader } from '#shared/message/stored-message.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import { type ByteBudget, HeldBytes } from '#shared/runtime/byte-budget.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { CompiledScripts } from '#shared/sieve/account/compiled-scripts.ts'
import { createFolderFacts, createListFacts, Lookups } from '#shared/sieve/account/facts.ts'
import type { SiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { type VerdictOptions, verdictOf } from '#shared/sieve/account/verdict.ts'
import type { Seen } from '#shared/sieve/actions.ts'
import type { Vocabulary } from '#shared/sieve/compile.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { ACTIONS_MAX, BODY_BYTES_MAX, STEPS_MAX } from '#shared/sieve/limits.ts'
import type { FilterMemory } from '#shared/sieve/memory.ts'
import { readMessage } from '#shared/sieve/read-message.ts'
import type { HeaderEditRules, RunContext } from '#shared/sieve/run/context.ts'
import { type NamedScript, type RunResult, runScripts } from '#shared/sieve/run/interpreter.ts'
import { zoneAt } from '#shared/sieve/run/zone.ts'
import { createDoActions, type Done } from './do-actions.ts'
import { envelopeOf, type FiledMessage, noteOf, type ScriptHolder } from './filed-message.ts'
import { environmentOf, type Occasion } from './occasion.ts'
import { oneChunk, type SendingFacts } from './sending.ts'

export interface Scripting {
  readonly compiled: CompiledScripts
  readonly site: () => SiteScripts
  readonly vocabulary: Vocabulary
  /** Of a script that FILTER brings along; a larger one is refused as one that is to be stored. */
  readonly scriptBytesMax: () => number
  /** The site script for what happens in mailboxes that name none; '' for none. */
  readonly siteEventScript: () => string
  /** Undefined where the account is gone. */
  holder(id: AccountId): Promise<ScriptHolder | undefined>
  /** Runs the scripts over one message, and does what they want; never rejects but as the store does. */
  run(filed: FiledMessage, wanted: WantedRun): Promise<Ran>
  /** A run that failed, told to the holder in INBOX, once a day. */
  tellHolder(filed: FiledMessage, holder: ScriptHolder, failed: ScriptFailed): Promise<void>
}

export type WantedRun = {
  readonly scripts: readonly NamedScript[]
  /** Throws SieveRunError for a script that may not run now. */
  readonly mayRun: (script: CompiledScript) => void
  readonly occasion: Occasion
  readonly holder: ScriptHolder
  /** RFC 6785 §4.5. */
  readonly changedFlags: readonly string[]
  /** Told of what scripts say themselves (`debug_log`), NOTES_MAX times a run. */
  readonly note: (text: string) => void
}

export type ScriptFailed = Extract<RunResult, { readonly kind: 'failed' }>

export type Ran =
  | Done
  | { readonly kind: 'wrong'; readonly failure: ScriptFailed }
  /** Others hold the memory for scripts. */
  | { readonly kind: 'no-memory' }

export type ScriptingSettings = VerdictOptions & {
  readonly hostname: string
  readonly recipientDelimiter: string
  readonly hopcountLimit: number
  readonly sieveEventScript: string
  readonly sieveMaxRedirects: number
  readonly sieveMaxScriptSize: number
  readonly headerEdits: HeaderEditRules
}

export type ScriptingDeps = {
  readonly mailbox: Pick<Mailbox, 'append' | 'receive' | 'folders' | 'inbox' | 'annotations'>
  readonly objects: ObjectReader
  readonly compiled: CompiledScripts
  readonly site: () => SiteScripts
  readonly holder: (id: AccountId) => Promise<ScriptHolder | undefined>
  readonly aliases: Pick<Aliases, 'get'>
  readonly isServed: SendingFacts['isServed']
  readonly memory: FilterMemory
  readonly outbox: Outbox
  readonly vocabulary: Vocabulary
  readonly settings: () => ScriptingSettings
  /** What the holder finds in INBOX. */
  readonly failureNotice: (failed: ScriptFailed, context: RunContext) => Promise<Uint8Array>
  readonly newMessageId: () => string
  /** For all runs of the process. */
  readonly budget: ByteBudget
  readonly clock: Clock
}

/** Memory for all runs of a process. */
export const RUNS_BYTES_MAX = 64 * 1024 * 1024
/** Of a run, with a small message. */
const RUN_BYTES = 256 * 1024
/** A body that is looked at: decoded, as one text, folded, and as a variable has it. */
const TIMES_IN_MEMORY = 4
const MEMORY_WAIT_MS = 30_000
/** Messages that one run remembers to have seen. */
const SEEN_MAX = 32
/** Until the holder is told again. */
const TOLD_SECONDS = 86_400
const SAID_CHARACTERS_MAX = 500

export function createScripting(deps: ScriptingDeps): Scripting {
  const { mailbox, objects, compiled, memory, settings, clock } = deps
  const doActions = createDoActions({
    mailbox,
    outbox: deps.outbox,
    sending: () => ({ objects, isServed: deps.isServed, hopcountLimit: settings().hopcountLimit }),
    newMessageId: deps.newMessageId,
    clock,
  })

  async function run(filed: FiledMessage, wanted: WantedRun): Promise<Ran> {
    using held = new HeldBytes(deps.budget)
    if (!(await held.wait(bytesFor(filed), { clock, waitMs: MEMORY_WAIT_MS }))) {
      return { kind: 'no-memory' }
    }
    const { holder, occasion, mayRun } = wanted
    const context = await contextOf(filed, wanted)
    const result = await runScripts(wanted.scripts, context, async (location, name) => {
      const script = await compiled.get(location === 'global' ? null : holder.id, name)
      if (script !== undefined) mayRun(script)
      return script
    })
    if (result.kind === 'failed') return { kind: 'wrong', failure: result }
    const done = await doActions(filed, result.actions, { occasion, context, holder })
    if (done.kind === 'done') await remember(filed, holder, result.seen)
    return done
  }

  async function contextOf(filed: FiledMessage, wanted: WantedRun): Promise<RunContext> {
    const { holder, occasion, changedFlags } = wanted
    const message = readMessage(new StoredMessage(objects, filed.blob, filed.record.prepend))
    const options = settings()
    const { hostname, recipientDelimiter, sieveMaxRedirects: redirects, headerEdits } = options
    const { id: account, address, displayName } = holder
    const lookups = new Lookups()
    const folders = createFolderFacts(mailbox, account, lookups)
    const isRead = occasion.kind === 'filter'
    const envelope = await envelopeOf(filed, message, { owner: address, isRead })
    const nowMs = clock.now()
    const by = noteOf(filed)
    return {
      message,
      envelope,
      owner: {
        address,
        name: displayName === '' ? null : displayName,
        addresses: [address.toLowerCase()],
        recipientDelimiter,
      },
      flags: flagList(filed.record.flags),
      nowMs,
      zone: zoneAt(nowMs),
      environment: environmentOf(occasion, { hostname, owner: address, changedFlags }),
      folders,
      ...createListFacts(deps.aliases, folders, address, lookups),
      verdict: async () => verdictOf(await message.header(), false, options),
      wasSeen: (name) =>
        lookups.once(`seen ${name}`, () => memory.isNoted({ account, kind: 'seen', name, by })),
      limits: { steps: STEPS_MAX, actions: ACTIONS_MAX, redirects, vacationSeconds: noVacation },
      headerEdits,
      extensions: deps.vocabulary.extensions,
      note: (text) => wanted.note(text.slice(0, SAID_CHARACTERS_MAX)),
    }
  }

  /** RFC 7352 §3.4: what is done with is remembered, and nothing else. */
  async function remember(
    filed: FiledMessage,
    { id: account }: ScriptHolder,
    seen: readonly Seen[],
  ) {
    const by = noteOf(filed)
    for (const { id: name, seconds, last } of seen.slice(0, SEEN_MAX)) {
      const note = { account, kind: 'seen', name, by } as const
      if (last) await memory.prolong(note, seconds)
      else await memory.take(note, seconds)
    }
  }

  return {
    compiled,
    site: deps.site,
    vocabulary: deps.vocabulary,
    scriptBytesMax: () => settings().sieveMaxScriptSize,
    siteEventScript: () => settings().sieveEventScript,
    holder: deps.holder,
    run,

    async tellHolder(filed, holder, failed) {
      const note = {
        account: holder.id,
        kind: 'failed',
        name: 'mailbox',
        by: noteOf(filed),
      } as const
      if (!(await memory.take(note, TOLD_SECONDS))) return
      const wanted = { holder, occasion: { kind: 'filter' }, changedFlags: [] } as const
      const nothing = { scripts: [], mayRun: () => {}, note: () => {} }
      const context = await contextOf(filed, { ...wanted, ...nothing })
      const bytes = await deps.failureNotice(failed, context)
      const { blob, commit } = await mailbox.receive(oneChunk(bytes))
      await commit()
      const inbox = await mailbox.inbox(holder.id)
      const message = {
        blob,
        flags: noFlags,
        internalDateMs: clock.now(),
        prepend: '',
        once: false,
      }
      await mailbox.append(inbox, message, { ...holder.quota, appendBytesPerDay: 0 })
    },
  }
}

/** There is no vacation here. */
const noVacation = { min: 0, default: 0, max: 0 } as const

function bytesFor({ blob }: FiledMessage): number {
  return RUN_BYTES + TIMES_IN_MEMORY * Math.min(blob.object.length, BODY_BYTES_MAX)
}
