import { parseSearchArguments } from '#shared/imap/search-arguments.ts'
import { type Command, defineCommand } from '../command.ts'
import type { NumberKind } from '../number-kind.ts'
import { answerSearch } from '../search/answer-search.ts'
import { returnAll } from '../search/return-all.ts'

/** SEARCH. RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 9394. */
export const search = searching('number')
/** UID SEARCH: the same with uids in the answer. RFC 9051 §6.4.9. */
export const uidSearch = searching('uid')

function searching(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    // RFC 9051 §7.5.1 forbids it in SEARCH; UID SEARCH is another command.
    mayReportExpunge: by === 'uid',
    parse(cursor) {
      cursor.space()
      return parseSearchArguments(cursor)
    },
    run: (session, given, wire) =>
      answerSearch(session, wire, given, {
        response: 'SEARCH',
        by,
        // RFC 9051 §6.4.4: ESEARCH is the only answer, once IMAP4rev2 is enabled.
        returns: given.returns ?? (session.enabled.has('IMAP4REV2') ? returnAll : null),
        order: async (found) => found,
      }),
  })
}
