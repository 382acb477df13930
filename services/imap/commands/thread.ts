import { parseThreadArguments } from '#shared/imap/search-arguments.ts'
import { orderedSubjectThreads } from '#shared/search/ordered-subject.ts'
import { referencesThreads } from '#shared/search/references.ts'
import { threadMessages } from '#shared/search/thread-messages.ts'
import { type Command, completed, defineCommand } from '../command.ts'
import type { NumberKind } from '../number-kind.ts'
import { formatThread } from '../search/format-thread.ts'
import { findIn, objection, withReading } from '../search/search-folder.ts'

/** THREAD. RFC 5256 §3. */
export const thread = threading('number')
/** UID THREAD: the same with uids in the answer. RFC 5256 §3. */
export const uidThread = threading('uid')

/** Of one character written, against one byte read. */
const CHARACTER_BYTES = 4

function threading(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    mayReportExpunge: by === 'uid',
    parse(cursor) {
      cursor.space()
      return parseThreadArguments(cursor)
    },
    async run(session, given, wire) {
      const refusal = objection(session, given, by)
      if (refusal !== undefined) return refusal
      const { selected } = session
      const search = { ...given, saved: selected.saved }
      return withReading(session, wire, async (reading) => {
        const { messages } = selected
        const uids = await findIn(selected, session, wire, search, reading)
        const references = given.algorithm === 'references'
        const found = await threadMessages({ uids, messages }, reading, {
          references,
          numberOf: by === 'uid' ? (uid) => uid : (uid) => selected.numberOf(uid),
        })
        const threads = references
          ? await referencesThreads(found, reading.pace)
          : await orderedSubjectThreads(found, reading.pace)
        wire.write(threads.length === 0 ? '* THREAD' : '* THREAD ')
        for (const each of threads) {
          for (const piece of formatThread(each)) {
            wire.write(piece)
            await reading.pace.spent(CHARACTER_BYTES * piece.length)
            await wire.room()
          }
        }
        wire.write('\r\n')
        return completed(by === 'uid' ? 'UID THREAD' : 'THREAD')
      })
    },
  })
}
