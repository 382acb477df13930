import type { Uid } from '#shared/contracts/mailbox.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { parseMultiSearchArguments } from '#shared/imap/search-arguments.ts'
import type { SearchKey } from '#shared/imap/search-key.ts'
import { findMessages } from '#shared/search/find-messages.ts'
import { SearchMemory } from '#shared/search/memory.ts'
import type { Compiled } from '#shared/search/predicate.ts'
import { type Completion, completed, defineCommand } from '../command.ts'
import { formatExtended, savedUids, tellsNothing } from '../search/results.ts'
import { returnAll } from '../search/return-all.ts'
import { compileFor, holds, modSeqs, objection, withReading } from '../search/search-folder.ts'
import { type Source, sourcesOf } from '../search/sources.ts'
import type { Session } from '../session.ts'

/** ESEARCH: a UID SEARCH in several mailboxes. RFC 7377. */
export const esearch = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return parseMultiSearchArguments(cursor)
  },
  async run(session, given, wire) {
    const returns = given.returns ?? returnAll
    const filters = given.sources ?? [{ kind: 'selected' } as const]
    const onlySelected = filters.every(({ kind }) => kind === 'selected')
    if (filters.some(({ kind }) => kind === 'selected') && session.state.kind !== 'selected') {
      return bad('No mailbox is selected')
    }
    if (!onlySelected && returns.save) return bad('SAVE needs the selected mailbox')
    if (!onlySelected && holds(given.key, namesSelected)) {
      return bad('Sequence numbers need the selected mailbox')
    }
    const refusal = objection(session, given, 'uid')
    const saved = session.state.kind === 'selected' ? session.selected.saved : []
    // RFC 5182 §2.1: a search that fails with NO leaves `$` empty.
    if (returns.save && refusal?.status !== 'BAD') session.selected.saved = []
    if (refusal !== undefined) return refusal
    return withReading(session, wire, async (reading) => {
      const { pace } = reading
      const sources = await sourcesOf(session, filters, pace)
      if (sources.length !== 1 && holds(given.key, ({ kind }) => kind === 'uids')) {
        return bad('UIDs need a single mailbox')
      }
      let compiled: Compiled | undefined
      for (const source of sources) {
        await using field = await source.open()
        if (field === undefined) continue
        // Once for all: what else would differ from mailbox to mailbox is refused above.
        if (compiled === undefined || holds(given.key, namesRecent)) {
          compiled = compileFor(field, session, { ...given, saved })
        }
        using memory = new SearchMemory()
        const uids = await findMessages(field, compiled, { ...reading, memory })
        // RFC 7377 §2.1: nothing is told of a mailbox without matches.
        if (uids.length > 0 && !tellsNothing(returns)) {
          const modSeqOf = modSeqs(given.key, field.messages)
          const results = { uids, by: 'uid', numberOf: (uid: Uid) => uid, modSeqOf } as const
          wire.write(response(session, source, await formatExtended(returns, results, pace)))
        }
        if (returns.save) session.selected.saved = await savedUids(returns, uids, pace)
        await pace.step()
        await wire.room()
      }
      return completed('ESEARCH')
    })
  },
})

const namesRecent = (key: SearchKey) => key.kind === 'flag' && key.flag === '\\Recent'

/** RFC 7377 §2.1: the mailbox and its UIDVALIDITY belong to the correlator. */
function response(session: Session, { path, uidValidity }: Source, found: string): Uint8Array {
  const writer = new ResponseWriter()
  writer.utf8 = session.utf8
  writer.raw(`* ESEARCH (TAG "${session.tag}" MAILBOX `)
  writer.mailbox(path)
  writer.raw(` UIDVALIDITY ${uidValidity})${found}`)
  writer.endLine()
  return writer.takeBuffer()
}

/** Keys that mean something in the selected mailbox only: sequence numbers and `$`. */
function namesSelected(key: SearchKey): boolean {
  return key.kind === 'numbers' || (key.kind === 'uids' && key.messages.kind === 'saved')
}

function bad(text: string): Completion {
  return { status: 'BAD', text }
}
