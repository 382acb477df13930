import { parseSortArguments } from '#shared/imap/search-arguments.ts'
import { sortMessages } from '#shared/search/sort-messages.ts'
import { type Command, defineCommand } from '../command.ts'
import type { NumberKind } from '../number-kind.ts'
import { answerSearch } from '../search/answer-search.ts'

/** SORT. RFC 5256 §3; RETURN RFC 5267 §3.1; DISPLAYFROM and DISPLAYTO RFC 5957. */
export const sort = sorting('number')
/** UID SORT: the same with uids in the answer. RFC 5256 §3. */
export const uidSort = sorting('uid')

function sorting(by: NumberKind): Command {
  return defineCommand({
    states: ['selected'],
    mayReportExpunge: by === 'uid',
    parse(cursor) {
      cursor.space()
      return parseSortArguments(cursor)
    },
    run: (session, given, wire) =>
      answerSearch(session, wire, given, {
        response: 'SORT',
        by,
        returns: given.returns,
        order: (uids, reading) =>
          sortMessages({ uids, messages: session.selected.messages }, given.criteria, reading),
      }),
  })
}
