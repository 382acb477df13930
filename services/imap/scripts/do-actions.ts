// Does what scripts want of a message that is in a folder (RFC 6785 §3, draft-bosch-imap-filter-sieve-00 §4). What goes into folders comes
// first, then what others are sent, and what becomes of the message itself is told to whoever asked, who does it last: whatever fails on
// the way, the message stays where it is. Nothing that is done here is an event: no script runs because of it (RFC 6785 §3.3, §6).

import type { Flag } from '#shared/contracts/mailbox.ts'
import type { Outbox } from '#shared/contracts/outbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { type FlagSet, flagSet } from '#shared/mailbox/flags.ts'
import type { Mailbox, NewMessage } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { namedFolder } from '#shared/sieve/account/named-folder.ts'
import type { Action, Fcc } from '#shared/sieve/actions.ts'
import type { SieveMessage } from '#shared/sieve/message.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import type { FiledMessage, ScriptHolder } from './filed-message.ts'
import type { Occasion } from './occasion.ts'
import { notification, oneChunk, type SendingFacts, sentOn, whyNotSentOn } from './sending.ts'

export type Done =
  | {
      readonly kind: 'done'
      /** What the message has now besides; undefined: it stays as it is. */
      readonly flags: FlagSet | undefined
      /** Nobody keeps it: it gets \Deleted (RFC 6785 §2.2.4). */
      readonly isDeleted: boolean
      /** More than flags was done. */
      readonly isActed: boolean
      /** What was not done, and why. */
      readonly problems: readonly string[]
    }
  /** The message is as it was. What was put into folders before that stays there. */
  | { readonly kind: 'failed'; readonly reason: string }

export type DoActions = (
  filed: FiledMessage,
  actions: readonly Action[],
  about: {
    readonly occasion: Occasion
    readonly context: RunContext
    readonly holder: ScriptHolder
  },
) => Promise<Done>

export function createDoActions(deps: {
  readonly mailbox: Pick<Mailbox, 'append' | 'receive' | 'folders' | 'inbox'>
  readonly outbox: Outbox
  readonly sending: () => SendingFacts
  readonly newMessageId: () => string
  readonly clock: Pick<Clock, 'now'>
}): DoActions {
  const { mailbox, outbox, clock } = deps

  return async function doActions(filed, actions, about) {
    const plan = await planOf(filed, actions, about)
    const problems: string[] = []
    let isActed = false
    let isKept = plan.isKept
    for (const one of plan.files.values()) {
      const failed = await file(filed, one, about.holder)
      if (failed !== undefined) return { kind: 'failed', reason: failed }
      isActed = true
    }
    for (const action of plan.redirects.values()) {
      const refused = await sendOn(filed, action, about)
      if (refused === undefined) isActed = true
      else {
        // It must not get lost for that.
        isKept = true
        problems.push(`line ${action.at.line}: not sent on to ${action.to}: ${refused}`)
      }
    }
    for (const action of plan.notifications) {
      const refused = await notify(action, about)
      if (refused === undefined) isActed = true
      else problems.push(`line ${action.at.line}: nobody is notified: ${refused}`)
    }
    return {
      kind: 'done',
      flags: isKept ? plan.flags : undefined,
      isDeleted: !isKept || plan.isReplaced,
      isActed,
      problems,
    }
  }

  /** What is to be done, each thing once (RFC 5228 §2.10.3). */
  async function planOf(
    { folder, record }: FiledMessage,
    actions: readonly Action[],
    { occasion, holder }: Parameters<DoActions>[2],
  ): Promise<Plan> {
    const files = new Map<string, File>()
    const versions = new Versions()
    const redirects = new Map<string, Redirect>()
    const notifications: Notify[] = []
    let flags: FlagSet | undefined
    let isKept = false
    let isReplaced = false
    const put = (into: FolderRecord, message: SieveMessage, given: readonly string[] | null) => {
      const set = given === null ? record.flags : flagSet(given as readonly Flag[])
      files.set(`${versions.of(message)} ${into.id}`, { folder: into, message, flags: set })
    }
    const keep = (given: readonly string[] | null) => {
      isKept = true
      if (given !== null) flags = flagSet(given as readonly Flag[])
    }
    for (const action of actions) {
      switch (action.kind) {
        case 'keep':
          keep(action.flags)
          // Draft §4.1. RFC 6785 §3.1: at an event the message stays as it is, since messages never change.
          if (occasion.kind === 'filter' && action.message.changed !== undefined) {
            put(folder, action.message, action.flags)
            isReplaced = true
          }
          break
        case 'fileinto': {
          const into = await namedFolder(mailbox, holder.id, action)
          // Draft §3.2: that is to leave it here. RFC 6785 §3.3: a new message, whatever the folder.
          const isHere = into.id === folder.id && action.message.changed === undefined
          if (occasion.kind === 'filter' && isHere) keep(action.flags)
          else put(into, action.message, action.flags)
          break
        }
        case 'redirect':
          redirects.set(`${versions.of(action.message)} ${lookupKey(action.to)}`, action)
          break
        case 'notify':
          notifications.push(action)
          break
        case 'reject':
        case 'ereject':
          // Draft §4.10: it has come long ago.
          isKept = true
          break
        case 'vacation':
        case 'discard':
          break
        default:
          unreachable(action)
      }
    }
    return { files, redirects, notifications, flags, isKept, isReplaced }
  }

  /** Undefined: it is there. */
  async function file(
    { record, blob }: FiledMessage,
    { folder, message: { changed }, flags }: File,
    { quota }: ScriptHolder,
  ): Promise<string | undefined> {
    const { internalDateMs } = record
    if (changed !== undefined)
      return await storeBytes(folder, changed(), { flags, quota, internalDateMs })
    const { prepend, unended } = record
    const copy = { blob, flags, internalDateMs, prepend, unended, once: false }
    return await append(folder, copy, quota)
  }

  async function storeBytes(
    folder: FolderRecord,
    bytes: AsyncIterable<Uint8Array>,
    { quota, ...given }: Pick<NewMessage, 'flags' | 'internalDateMs'> & Pick<ScriptHolder, 'quota'>,
  ): Promise<string | undefined> {
    const { blob, endsLine, commit } = await mailbox.receive(bytes)
    // What is not needed after all is an object of nobody's, which the collector finds.
    await commit()
    return await append(
      folder,
      { ...given, blob, prepend: '', unended: !endsLine, once: false },
      quota,
    )
  }

  async function append(
    folder: FolderRecord,
    message: NewMessage,
    quota: ScriptHolder['quota'],
  ): Promise<string | undefined> {
    // A copy shares its bytes, and what scripts make is not much: the quota alone limits it.
    const limits = { ...quota, appendBytesPerDay: 0 }
    const appended = await mailbox.append(folder, message, limits)
    switch (appended.kind) {
      case 'appended':
      case 'duplicate':
        return undefined
      case 'no-such-folder':
        return `the folder ${folder.name} has just gone`
      case 'over-quota':
      case 'over-append-limit':
        return 'the mailbox is full'
    }
  }

  async function sendOn(
    filed: FiledMessage,
    action: Redirect,
    { context, holder }: Parameters<DoActions>[2],
  ): Promise<string | undefined> {
    const facts = deps.sending()
    const refused = await whyNotSentOn(facts, filed, action, context)
    if (refused !== undefined) return refused
    const { id, address } = holder
    const mail = sentOn(facts, filed, action, address)
    const posted = await outbox.send({ ...mail, account: { id, address } })
    return posted.kind === 'refused' ? posted.because : undefined
  }

  async function notify(
    action: Notify,
    { context, holder }: Parameters<DoActions>[2],
  ): Promise<string | undefined> {
    const atMs = clock.now()
    const made = await notification(action, context, { atMs, messageId: deps.newMessageId() })
    if (made === undefined) return 'it is to nobody'
    const { bytes, ...mail } = made
    const { id, address, quota } = holder
    const posted = await outbox.send({ ...mail, account: { id, address } })
    if (posted.kind === 'refused') return posted.because
    return action.fcc === null ? undefined : await copy(action.fcc, bytes, { id, quota, atMs })
  }

  /** RFC 8580. */
  async function copy(
    fcc: Fcc,
    bytes: Uint8Array,
    { id, quota, atMs }: Pick<ScriptHolder, 'id' | 'quota'> & { readonly atMs: number },
  ): Promise<string | undefined> {
    const folder = await namedFolder(mailbox, id, fcc)
    const flags = flagSet((fcc.flags ?? []) as readonly Flag[])
    return await storeBytes(folder, oneChunk(bytes), { flags, quota, internalDateMs: atMs })
  }
}

type Redirect = Extract<Action, { readonly kind: 'redirect' }>
type Notify = Extract<Action, { readonly kind: 'notify' }>

type File = {
  readonly folder: FolderRecord
  readonly message: SieveMessage
  readonly flags: FlagSet
}

type Plan = {
  readonly files: ReadonlyMap<string, File>
  readonly redirects: ReadonlyMap<string, Redirect>
  readonly notifications: readonly Notify[]
  readonly flags: FlagSet | undefined
  readonly isKept: boolean
  /** Another message stands in its place. */
  readonly isReplaced: boolean
}

/** A message as it came is 0; each other one has a number of its own. */
class Versions {
  readonly #known = new Map<SieveMessage, number>()

  of(message: SieveMessage): number {
    if (message.changed === undefined) return 0
    const version = this.#known.get(message) ?? this.#known.size + 1
    this.#known.set(message, version)
    return version
  }
}
