// Parameters of SELECT and EXAMINE (CONDSTORE and QRESYNC, RFC 7162 §3.1.8 and §3.2.5) and of CREATE (USE, RFC 6154 §3).

import { countNumbers, mergeRanges } from '#shared/runtime/number-ranges.ts'
import type { Cursor } from './cursor.ts'
import type { SequenceSet } from './sequence-set.ts'

export type SelectParameters = { readonly condstore: boolean; readonly qresync: Qresync | null }

export type Qresync = {
  readonly uidValidity: number
  readonly modSeq: number
  /** Uids the client knows; null is all. */
  readonly knownUids: SequenceSet | null
  /** Sequence numbers and the uids they belong to, in ascending order and equal in number. */
  readonly sequenceMatch: { readonly numbers: SequenceSet; readonly uids: SequenceSet } | null
}

const none: SelectParameters = { condstore: false, qresync: null }

/** [SP select-params] and no more; select-params = "(" select-param *(SP select-param) ")" (RFC 4466 §2.1) */
export function parseSelectParameters(cursor: Cursor): SelectParameters {
  if (!cursor.takesSpaceBefore('(')) return none
  let condstore = false
  let qresync: Qresync | null = null
  cursor.list(() => {
    const name = cursor.keyword()
    if (name === 'CONDSTORE') condstore = true
    else if (name === 'QRESYNC' && qresync === null) qresync = parseQresync(cursor)
    else cursor.fail('unknown parameter')
  })
  return { condstore, qresync }
}

// "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
function parseQresync(cursor: Cursor): Qresync {
  cursor.space()
  cursor.expect('(')
  const uidValidity = cursor.nzNumber()
  cursor.space()
  // Deliberately: 0, which the grammar leaves out, is what a client knows that has seen nothing yet; Dovecot takes it too.
  const modSeq = cursor.modSequence()
  let knownUids: SequenceSet | null = null
  let sequenceMatch: Qresync['sequenceMatch'] = null
  let more = cursor.takesSpace()
  if (more && !cursor.sees('(')) {
    knownUids = cursor.uidSet()
    more = cursor.takesSpace()
  }
  if (more) sequenceMatch = parseSequenceMatch(cursor)
  cursor.expect(')')
  return { uidValidity, modSeq, knownUids, sequenceMatch }
}

// seq-match-data = "(" known-sequence-set SP known-uid-set ")", both without "*" and of the same length (RFC 7162 §7)
function parseSequenceMatch(cursor: Cursor): Qresync['sequenceMatch'] {
  cursor.expect('(')
  const numbers = mergeRanges([...cursor.uidSet()])
  cursor.space()
  const uids = mergeRanges([...cursor.uidSet()])
  cursor.expect(')')
  if (countNumbers(numbers) !== countNumbers(uids)) {
    cursor.fail('as many sequence numbers as uids were expected')
  }
  return { numbers, uids }
}

/** [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]: special uses with backslash, as sent; null when not given. */
export function parseCreateParameters(cursor: Cursor): { readonly use: readonly string[] | null } {
  if (!cursor.takesSpaceBefore('(')) return { use: null }
  let use: readonly string[] | null = null
  cursor.list(() => {
    if (cursor.keyword() !== 'USE' || use !== null) cursor.fail('unknown parameter')
    cursor.space()
    use = cursor.list(
      () => {
        if (!cursor.sees('\\')) cursor.fail('a special use was expected')
        return cursor.flag()
      },
      { emptyAllowed: true },
    )
  })
  return { use }
}
