// Does what scripts want of a message. What goes into folders comes first, each once, however often it is repeated; then what others are sent,
// which the queue writes with the recipient's result: a recipient who is to be tried again has nobody told anything. Nothing is lost: where
// in the end nothing was done, the message is kept.

import type { Flag } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { type FlagSet, flagSet } from '#shared/mailbox/flags.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { LocalResult } from '#shared/queue/pipeline.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Action, Fcc, Seen } from '#shared/sieve/actions.ts'
import { MESSAGES_CREATED_MAX } from '#shared/sieve/limits.ts'
import type { FilterMemory } from '#shared/sieve/memory.ts'
import type { SieveMessage } from '#shared/sieve/message.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import type { RunResult } from '#shared/sieve/run/interpreter.ts'
import { type Deposit, oneChunk } from '../deposit.ts'
import { answer, type Letter, noteOf, together } from '../letter.ts'
import type { Places } from '../places.ts'
import type { Answers } from './answers.ts'
import { redirected, whyNotRedirected } from './redirect.ts'

export type DoActions = (
  letter: Letter,
  context: RunContext,
  done: Extract<RunResult, { readonly kind: 'done' }>,
) => Promise<LocalResult>

/** Messages that one run remembers to have seen. */
export const SEEN_MAX = 32

export function createDoActions(deps: {
  readonly deposit: Deposit
  readonly places: Places
  readonly memory: FilterMemory
  readonly answers: Answers
  readonly wrapSender: (sender: string) => Promise<string>
  readonly options: { readonly hopcountLimit: number }
  readonly log: Log
}): DoActions {
  const { deposit, places, memory, answers, options } = deps

  return async function doActions(letter, context, { actions, seen }) {
    const plan = await planOf(letter, actions)
    const stored: LocalResult[] = []
    for (const each of plan.filed.values()) stored.push(await file(letter, each))
    const filed = together(stored, [])
    // What is to be tried again has all of it tried again.
    if (filed.actions.some(({ kind }) => kind !== 'delivered')) return filed
    const sent = await sendAll(letter, context, plan)
    await remember(letter, seen)
    const all = together([...stored, ...sent.done], sent.creates)
    if (all.actions.length > 0) return all
    return actions.some(({ kind }) => kind === 'discard')
      ? together([...stored, answer({ kind: 'discarded' })], sent.creates)
      : await keepAfterAll(letter, sent.creates)
  }

  /** Cannot happen, since the run keeps what no action takes; it must not get lost all the same. */
  async function keepAfterAll(letter: Letter, creates: readonly CreatedMessage[]) {
    const folder = await places.default(letter)
    return together([await deposit.message(folder, letter, { takesReserved: false })], creates)
  }

  /** What is to be done, each thing once (RFC 5228 §2.10.3). */
  async function planOf(letter: Letter, actions: readonly Action[]): Promise<Plan> {
    const plan: Plan = { filed: new Map(), redirects: new Map(), answers: [], refusals: [] }
    const versions = new Versions()
    const put = (folder: FolderRecord, message: SieveMessage, flags: readonly string[] | null) => {
      const version = versions.of(message)
      // RFC 5232 §3: with the flags that were said last.
      const one = { folder, message, version, flags: flagSet((flags ?? []) as readonly Flag[]) }
      plan.filed.set(`${version} ${folder.id}`, one)
    }
    for (const action of actions) {
      switch (action.kind) {
        case 'keep':
          put(await places.default(letter), action.message, action.flags)
          break
        case 'fileinto':
          put(await places.named(letter.account, action), action.message, action.flags)
          break
        case 'redirect': {
          const header = await action.message.header()
          const key = `${versions.of(action.message)} ${lookupKey(action.to)}`
          const others = plan.redirects.size - (plan.redirects.has(key) ? 1 : 0)
          const why = whyNotRedirected(action.to, header, letter, options.hopcountLimit, others)
          if (why === undefined) {
            plan.redirects.set(key, action)
          } else {
            tell(letter, action, why)
            put(await places.default(letter), action.message, null)
          }
          break
        }
        case 'vacation':
        case 'notify':
          plan.answers.push(action)
          break
        case 'reject':
        case 'ereject':
          plan.refusals.push(action)
          break
        case 'discard':
          break
        default:
          unreachable(action)
      }
    }
    return plan
  }

  function file(letter: Letter, { folder, message, version, flags }: Filed) {
    const { changed } = message
    if (changed === undefined) {
      return deposit.message(folder, letter, { flags, takesReserved: false })
    }
    return deposit.bytes(folder, letter, { name: `changed ${version}`, source: changed(), flags })
  }

  async function sendAll(letter: Letter, context: RunContext, plan: Plan) {
    const creates: CreatedMessage[] = []
    const done: LocalResult[] = []
    for (const action of plan.redirects.values()) {
      creates.push(await redirected(letter, action, deps.wrapSender))
      done.push(answer({ kind: 'redirected', to: action.to }))
    }
    for (const [n, action] of plan.answers.entries()) {
      if (creates.length >= MESSAGES_CREATED_MAX + 1) {
        tell(letter, action, `more than ${MESSAGES_CREATED_MAX} messages`)
        continue
      }
      const made =
        action.kind === 'vacation'
          ? await vacation(letter, context, action)
          : await answers.notification(letter, action, context)
      if (made.kind === 'silent') {
        tell(letter, action, made.because)
        continue
      }
      creates.push(made.created)
      const kind = action.kind === 'vacation' ? 'replied' : 'notified'
      done.push(answer({ kind, to: made.to }))
      if (action.fcc !== null) await copy(letter, action.fcc, made.bytes, n)
    }
    for (const action of plan.refusals) {
      const made = await answers.refusal(letter, action, context)
      if (made.kind === 'dsn') {
        done.push(answer({ kind: 'refused', status: made.status, reply: made.reply }))
      } else if (made.kind === 'sent') {
        creates.push(made.created)
        done.push(answer({ kind: 'returned', to: made.to }))
      } else {
        // As its recipient wants it: not here, and nobody is there who could be told.
        tell(letter, action, made.because)
        done.push(answer({ kind: 'discarded' }))
      }
    }
    return { creates, done }
  }

  /** RFC 5230 §4.2: a sender is answered once in a while, by answers of one kind. */
  async function vacation(
    letter: Letter,
    context: RunContext,
    action: Extract<Action, { readonly kind: 'vacation' }>,
  ) {
    const may = await answers.mayAnswer(letter, action, context)
    if (may.kind === 'silent') return may
    const { to } = may
    const name = JSON.stringify([action.handle, lookupKey(to)])
    const note = { account: letter.account, kind: 'answered', name, by: noteOf(letter) } as const
    if (!(await memory.take(note, action.seconds))) {
      return { kind: 'silent', because: 'answered before' } as const
    }
    return await answers.vacation(letter, action, context, to)
  }

  /** RFC 8580. That there is no room for it keeps nobody from being answered. */
  async function copy(letter: Letter, fcc: Fcc, bytes: Uint8Array, n: number): Promise<void> {
    const folder = await places.named(letter.account, fcc)
    const flags = flagSet((fcc.flags ?? []) as readonly Flag[])
    const source = oneChunk(bytes)
    const { actions } = await deposit.bytes(folder, letter, { name: `copy ${n}`, source, flags })
    const [came] = actions
    if (came?.kind === 'deferred') {
      const { queueId } = letter.message
      deps.log.warn({ queueId, to: letter.recipient.address, reason: came.reply }, 'copy not kept')
    }
  }

  /** RFC 7352 §3.4: what is done with is remembered, and nothing else. */
  async function remember(letter: Letter, seen: readonly Seen[]): Promise<void> {
    const by = noteOf(letter)
    for (const { id: name, seconds, last } of seen.slice(0, SEEN_MAX)) {
      const note = { account: letter.account, kind: 'seen', name, by } as const
      if (last) await memory.prolong(note, seconds)
      else await memory.take(note, seconds)
    }
  }

  function tell({ message, recipient }: Letter, action: Action, reason: string): void {
    const { queueId } = message
    const fields = { queueId, to: recipient.address, scriptAction: action.kind, reason }
    deps.log.info({ ...fields, scriptLine: action.at.line }, 'not done')
  }
}

type Filed = {
  readonly folder: FolderRecord
  readonly message: SieveMessage
  readonly version: number
  readonly flags: FlagSet
}

type Plan = {
  readonly filed: Map<string, Filed>
  readonly redirects: Map<string, Extract<Action, { readonly kind: 'redirect' }>>
  readonly answers: Extract<Action, { readonly kind: 'vacation' | 'notify' }>[]
  readonly refusals: Extract<Action, { readonly kind: 'reject' | 'ereject' }>[]
}

/** A message as it came is 0; as the script changed it, counted in the order of its actions, which is the same with each attempt. */
class Versions {
  readonly #known = new Map<SieveMessage, number>()

  of(message: SieveMessage): number {
    if (message.changed === undefined) return 0
    const version = this.#known.get(message) ?? this.#known.size + 1
    this.#known.set(message, version)
    return version
  }
}
