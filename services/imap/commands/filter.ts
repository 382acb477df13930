import type { Uid } from '#shared/contracts/mailbox.ts'
import { type FilterArguments, parseFilterArguments } from '#shared/imap/filter-arguments.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { shortened } from '#shared/sieve/finding.ts'
import { type Command, type Completion, completed, defineCommand } from '../command.ts'
import { completeLimited, limitMessages } from '../message-limit.ts'
import type { NumberKind } from '../number-kind.ts'
import { tellingProgress } from '../progress.ts'
import { replies } from '../replies.ts'
import { shownFlags } from '../scripts/events.ts'
import { checkForFilter, filterScripts } from '../scripts/filter-scripts.ts'
import { type FlagsChanged, type RanOver, runOver } from '../scripts/over-messages.ts'
import type { Ran } from '../scripts/scripting.ts'
import { findIn, objection, withReading } from '../search/search-folder.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** FILTER: runs Sieve scripts over messages of the selected mailbox. draft-bosch-imap-filter-sieve-00 §3.2. */
export const filter = filtering('number')
/** UID FILTER: its answers name the uids too. */
export const uidFilter = filtering('uid')

function filtering(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    takesRoom: true,
    // As SEARCH and UID SEARCH.
    mayReportExpunge: by === 'uid',
    parse(cursor) {
      cursor.space()
      return parseFilterArguments(cursor)
    },
    async run(session, given, wire) {
      const { selected } = session
      // Its answers are about sequence numbers (§3.3), which such a client has not.
      if (session.enabled.has('UIDONLY')) return replies.uidRequired
      if (selected.readOnly) return replies.readOnly
      // Its scripts are her own, and what they do with a message is the owner's to do.
      if (selected.isForeign) return replies.noPermission
      return objection(session, given, by) ?? (await filterMessages(session, given, by, wire))
    },
  })
}

async function filterMessages(
  session: Session,
  { spec, ...search }: FilterArguments,
  by: NumberKind,
  wire: Wire,
): Promise<Completion> {
  const { selected, deps } = session
  const { scripting } = deps
  const holder = await scripting.holder(session.account.id)
  // The account was removed while its session is open.
  if (holder === undefined) return replies.unavailable
  const found = await filterScripts(spec, holder, scripting)
  if (found.kind === 'missing') {
    tellProblem(session, wire, 'ERRORS', [found.what])
    return { status: 'NO', code: 'NONEXISTENT', text: 'No such script' }
  }
  if (found.kind === 'wrong') {
    tellProblem(session, wire, 'ERRORS', found.errors)
    return { status: 'NO', text: 'The script cannot be run' }
  }
  if (found.warnings.length > 0) tellProblem(session, wire, 'WARNINGS', found.warnings)
  return await withReading(session, wire, async (reading) => {
    const { saved } = selected
    const uids = await findIn(selected, session, wire, { ...search, saved }, reading)
    const messages = limitMessages(session, uids)
    const runOf = () => ({
      scripts: found.scripts,
      mayRun: checkForFilter,
      occasion: { kind: 'filter' } as const,
      holder,
      changedFlags: [],
      note: (said: string) => session.logRepeated({ said }, 'script says'),
    })
    const mayGoOn = () => !wire.gone.aborted
    const changed: FlagsChanged[] = []
    const running = (async () => {
      for await (const ran of runOver(deps, selected.folder, messages.uids, runOf, mayGoOn)) {
        changed.push(...ran.changed)
        await tellBatch(session, wire, by, ran.batch)
      }
    })()
    await tellingProgress(session, wire, running)
    selected.hint()
    await shownFlags(session, wire, selected.folder, changed)
    const name = by === 'uid' ? 'UID FILTER' : 'FILTER'
    return completeLimited(session, messages, completed(name), wire)
  })
}

/** What became of each (§3.3): nothing is told of messages that stay as they are. */
async function tellBatch(
  session: Session,
  wire: Wire,
  by: NumberKind,
  batch: readonly RanOver[],
): Promise<void> {
  const { selected } = session
  for (const { uid, ran, marked } of batch) {
    if (marked !== undefined) {
      const { flags, modSeq } = marked
      selected.tellKeywords(wire, flags.keywords)
      wire.untagged(selected.flagsResponse(uid, flags, modSeq))
      selected.told(uid, modSeq)
    }
    const [result, problems] = resultOf(ran)
    if (result === 'OK' && marked === undefined && !(ran.kind === 'done' && ran.isActed)) continue
    tellFiltered(session, wire, by, uid, result, problems)
    const wait = wire.room()
    if (wait) await wait
  }
}

type Result = 'OK' | 'WARNINGS' | 'ERRORS'

function resultOf(ran: Ran): readonly [Result, readonly string[]] {
  switch (ran.kind) {
    case 'done':
      return ran.problems.length === 0 ? ['OK', []] : ['WARNINGS', ran.problems]
    case 'wrong': {
      const { at, reason, script } = ran.failure
      const where = script === '' ? '' : `${script}, `
      return ['ERRORS', [at.line > 0 ? `${where}line ${at.line}: ${reason}` : reason]]
    }
    case 'failed':
      return ['ERRORS', [ran.reason]]
    case 'no-memory':
      return ['ERRORS', ['too many scripts run at the moment, try again later']]
  }
}

function tellFiltered(
  session: Session,
  wire: Wire,
  by: NumberKind,
  uid: Uid,
  result: Result,
  problems: readonly string[],
): void {
  const writer = new ResponseWriter()
  writer.utf8 = session.utf8
  writer.raw(`* ${session.selected.numberOf(uid)} FILTERED (TAG "${session.tag}") `)
  if (by === 'uid') writer.raw(`UID ${uid} `)
  write(writer, result, problems)
  wire.write(writer.takeBuffer())
}

/** §3.4: what is not about one message alone. */
function tellProblem(
  session: Session,
  wire: Wire,
  result: 'WARNINGS' | 'ERRORS',
  problems: readonly string[],
): void {
  const writer = new ResponseWriter()
  writer.utf8 = session.utf8
  writer.raw(`* FILTER (TAG "${session.tag}") `)
  write(writer, result, problems)
  wire.write(writer.takeBuffer())
}

function write(writer: ResponseWriter, result: Result, problems: readonly string[]): void {
  writer.raw(result)
  if (problems.length > 0) {
    writer.raw(' ')
    const text = problems.map(shortened).join('\r\n')
    writer.string(Buffer.from(text, 'utf8').toString('latin1'))
  }
  writer.endLine()
}
