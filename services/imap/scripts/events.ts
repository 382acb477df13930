// Events of IMAP for scripts (RFC 6785): what came into a folder or got other flags there is shown to the folder's script, once the command
// has changed what it changes. A command never fails because of that. Whoever has no script pays nothing: the folder's item says so.

import type { Uid } from '#shared/contracts/mailbox.ts'
import type { StoreFlagsOptions } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'
import { checkForImapEvent } from '#shared/sieve/run/imap-event.ts'
import { scriptName } from '#shared/sieve/shelf.ts'
import { tellingProgress } from '../progress.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'
import type { ScriptHolder } from './filed-message.ts'
import type { EventCause } from './occasion.ts'
import { changedFlags, type FlagsChanged, runOver } from './over-messages.ts'
import type { ScriptFailed } from './scripting.ts'

/** Runs that fail in one command; then the script is in nobody's interest any more. */
export const EVENT_FAILURES_MAX = 10

type Named = { readonly name: string; readonly isSite: boolean }

/** RFC 6785 §2.3.1: the folder's own, else that of the server; an empty or unusable one of the folder's means none. */
function scriptOf({ deps }: Session, { eventScript }: FolderRecord): Named | undefined {
  const isSite = eventScript === null
  const name = isSite ? deps.scripting.siteEventScript() : (scriptName(eventScript) ?? '')
  return name === '' ? undefined : { name, isSite }
}

/** What came into the folder. */
export async function shownArrivals(
  session: Session,
  wire: Wire,
  folder: FolderRecord,
  cause: 'APPEND' | 'COPY',
  uids: readonly Uid[],
): Promise<void> {
  if (uids.length === 0 || scriptOf(session, folder) === undefined) return
  const happened = uids.map((uid) => ({ uid, changedFlags: [] }))
  await tellingProgress(session, wire, runEvents(session, wire, folder, cause, happened))
}

/** Notes whose flags a command changes, where a script is to see them. */
export class FlagEvents {
  readonly #session: Session
  readonly #folder: FolderRecord
  readonly #changed = new Map<Uid, FlagsChanged>()
  /** For `storeFlags`. */
  readonly options: Pick<StoreFlagsOptions, 'onChanged'>

  constructor(session: Session, folder: FolderRecord) {
    this.#session = session
    this.#folder = folder
    this.options =
      scriptOf(session, folder) === undefined
        ? {}
        : {
            onChanged: (before, now) => {
              this.#changed.set(now.uid, { uid: now.uid, changedFlags: changedFlags(before, now) })
            },
          }
  }

  async show(wire: Wire): Promise<void> {
    const changed = [...this.#changed.values()]
    if (changed.length === 0) return
    const session = this.#session
    const running = runEvents(session, wire, this.#folder, 'FLAG', changed)
    await tellingProgress(session, wire, running)
  }
}

/** Flags that scripts have changed. */
export async function shownFlags(
  session: Session,
  wire: Wire,
  folder: FolderRecord,
  changed: readonly FlagsChanged[],
): Promise<void> {
  if (changed.length === 0 || scriptOf(session, folder) === undefined) return
  await tellingProgress(session, wire, runEvents(session, wire, folder, 'FLAG', changed))
}

/** Never rejects. */
async function runEvents(
  session: Session,
  wire: Wire,
  folder: FolderRecord,
  cause: EventCause,
  happened: readonly FlagsChanged[],
): Promise<void> {
  try {
    const changed = await runAll(session, wire, folder, cause, happened)
    const { state } = session
    if (state.kind === 'selected' && state.selected.folder.id === folder.id) state.selected.hint()
    // §2.2.3: flags that a script changed are an event too, but those of a script for flags.
    if (cause !== 'FLAG' && changed.length > 0) {
      await runAll(session, wire, folder, 'FLAG', changed)
    }
  } catch (error) {
    const fields = { folder: folder.id, cause, error }
    if (error instanceof TemporaryFailure) session.log.warn(fields, 'scripts could not be run')
    else session.log.error(fields, 'bug: scripts could not be run')
  }
}

async function runAll(
  session: Session,
  wire: Wire,
  folder: FolderRecord,
  cause: EventCause,
  happened: readonly FlagsChanged[],
): Promise<readonly FlagsChanged[]> {
  const named = scriptOf(session, folder)
  const { scripting, mailbox } = session.deps
  const holder = named && (await scripting.holder(folder.accountId))
  if (named === undefined || holder === undefined) return []
  const uids = happened.map(({ uid }) => uid)
  const script = await compiled(session, folder, holder, named, uids)
  if (script === undefined) return []
  const flagsOf = new Map(happened.map(({ uid, changedFlags }) => [uid, changedFlags]))
  const occasion = {
    kind: 'event',
    cause,
    mailbox: await pathOf(session, folder),
    user: session.account.login,
  } as const
  const runOf = (uid: Uid) => ({
    scripts: [{ name: named.name, script }],
    mayRun: checkForImapEvent,
    occasion,
    holder,
    changedFlags: flagsOf.get(uid) ?? [],
    note: (said: string) => session.logRepeated({ folder: folder.id, said }, 'script says'),
  })
  let failures = 0
  let done = 0
  // What little a client left behind is done in any case.
  const mayGoOn = () => failures < EVENT_FAILURES_MAX && (done === 0 || !wire.gone.aborted)
  const changed: FlagsChanged[] = []
  for await (const ran of runOver({ mailbox, scripting }, folder, uids, runOf, mayGoOn)) {
    changed.push(...ran.changed)
    for (const { uid, ran: outcome } of ran.batch) {
      done++
      if (outcome.kind === 'done') {
        for (const problem of outcome.problems) note(session, folder, uid, named, problem)
        continue
      }
      failures++
      if (outcome.kind === 'wrong') await fail(session, folder, holder, uid, outcome.failure)
      else note(session, folder, uid, named, reasonOf(outcome))
    }
  }
  const left = uids.length - done
  if (!mayGoOn() && left > 0) {
    const fields = { folder: folder.id, script: named.name, messages: left }
    session.log.warn(fields, 'script not run for the rest')
  }
  return changed
}

const reasonOf = (
  outcome: { readonly kind: 'no-memory' } | { readonly kind: 'failed'; readonly reason: string },
) => (outcome.kind === 'failed' ? outcome.reason : 'no memory for scripts now')

/** Undefined: there is none, or it may not run here. */
async function compiled(
  session: Session,
  folder: FolderRecord,
  holder: ScriptHolder,
  { name, isSite }: Named,
  [first]: readonly Uid[],
): Promise<CompiledScript | undefined> {
  try {
    const script = await session.deps.scripting.compiled.get(isSite ? null : holder.id, name)
    if (script !== undefined) checkForImapEvent(script)
    return script
  } catch (error) {
    if (!(error instanceof SieveRunError)) throw error
    const at = error.at ?? { line: 1, column: 1 }
    const failed = { kind: 'failed', script: name, at, reason: error.message, steps: 0 } as const
    if (first !== undefined) await fail(session, folder, holder, first, failed)
    return undefined
  }
}

async function fail(
  session: Session,
  folder: FolderRecord,
  holder: ScriptHolder,
  uid: Uid,
  failed: ScriptFailed,
): Promise<void> {
  const { deps } = session
  const { script, at, reason } = failed
  const fields = { folder: folder.id, uid, script, scriptLine: at.line, reason }
  session.logRepeated(fields, 'script failed, message left as it is')
  const [record] = await deps.mailbox.readMessages(folder, [uid])
  const blob = record && (await deps.mailbox.blob(record.blobId))
  if (record === undefined || blob === undefined) return
  await deps.scripting.tellHolder({ folder, record, blob }, holder, failed)
}

/** Of as many messages as a command names. */
function note(
  session: Session,
  folder: FolderRecord,
  uid: Uid,
  { name: script }: Named,
  reason: string,
): void {
  session.logRepeated({ folder: folder.id, uid, script, reason }, 'not done')
}

/** As its owner calls it. */
async function pathOf({ deps }: Session, folder: FolderRecord): Promise<string> {
  if (folder.parentId === null) return folder.name
  const tree = await deps.mailbox.folders.tree(folder.accountId)
  return tree.pathOf(folder)
}
