import { describe, expect, it } from 'vitest'
import { formatExtended, savedUids, tellsNothing } from '#services/imap/search/results.ts'
import type { ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import { Cursor } from '#shared/imap/cursor.ts'
import { parseSearchArguments } from '#shared/imap/search-arguments.ts'
import { quietPace } from '#test/unit/shared/search/message-store.ts'

const uids = (...numbers: number[]) => numbers as Uid[]
const modSeqs: { readonly [uid: number]: number } = { 10: 7, 20: 9, 30: 8 }

function returns(options: string) {
  const bytes = Buffer.from(`RETURN (${options}) ALL`)
  const parsed = parseSearchArguments(new Cursor([{ kind: 'text', bytes }])).returns
  if (parsed === null) throw new Error('no RETURN')
  return parsed
}

const format = async (
  options: string,
  found: Uid[],
  modSeq = false,
  by: 'uid' | 'number' = 'uid',
) => {
  const results = {
    uids: found,
    by,
    numberOf: (uid: Uid) => uid / 10,
    modSeqOf: modSeq ? (uid: Uid) => modSeqs[uid] as ModSeq : null,
  }
  return (await formatExtended(returns(options), results, quietPace())).replace(' UID ', '')
}

describe('formatExtended', () => {
  // RFC 7162 §3.1.10: the modseq of what is told, the highest of all where ALL or COUNT is
  const rows: readonly [string, string][] = [
    ['MIN', 'MIN 10 MODSEQ 7'],
    ['MAX', 'MAX 30 MODSEQ 8'],
    ['MIN MAX', 'MIN 10 MAX 30 MODSEQ 8'],
    ['ALL', 'ALL 10,20,30 MODSEQ 9'],
    ['COUNT', 'COUNT 3 MODSEQ 9'],
    ['MIN COUNT', 'MIN 10 COUNT 3 MODSEQ 9'],
    ['PARTIAL 3:4', 'PARTIAL (3:4 30) MODSEQ 8'],
  ]
  it.each(rows)('with MODSEQ for %s', async (options, told) => {
    expect(await format(options, uids(10, 20, 30), true)).toBe(told)
  })

  it('keeps the order of a sort', async () => {
    expect(await format('MIN MAX ALL', uids(30, 10, 20))).toBe('MIN 30 MAX 20 ALL 30,10,20')
  })

  it('tells numbers without UID', async () => {
    expect(await format('ALL', uids(10, 20, 30), false, 'number')).toBe(' ALL 1:3')
  })
})

describe('savedUids', () => {
  // RFC 5182 §2.4, RFC 9394 §3.2
  const rows: readonly [string, readonly number[]][] = [
    ['SAVE', [10, 20, 30]],
    ['SAVE ALL', [10, 20, 30]],
    ['SAVE COUNT', [10, 20, 30]],
    ['SAVE MIN', [10]],
    ['SAVE MAX', [30]],
    ['SAVE MIN MAX', [10, 30]],
    ['SAVE MIN ALL', [10, 20, 30]],
    ['SAVE MAX COUNT', [10, 20, 30]],
    ['SAVE PARTIAL 2:2', [20]],
    ['SAVE PARTIAL 2:2 MIN', [10, 20]],
  ]
  it.each(rows)('of %s', async (options, saved) => {
    expect(await savedUids(returns(options), uids(10, 20, 30), quietPace())).toEqual(saved)
  })

  it('is ascending whatever the order of the answer', async () => {
    expect(await savedUids(returns('SAVE'), uids(30, 10, 20), quietPace())).toEqual([10, 20, 30])
  })
})

describe('tellsNothing', () => {
  it.each([
    ['SAVE', true],
    ['SAVE MIN', false],
    ['', false],
    ['SAVE PARTIAL 1:2', false],
  ])('of RETURN (%s): %s', (options, nothing) => {
    expect(tellsNothing(returns(options))).toBe(nothing)
  })
})
