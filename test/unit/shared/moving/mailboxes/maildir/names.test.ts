import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flagsOf, parseFileName, secondsIn } from '#shared/moving/mailboxes/maildir/file-name.ts'
import {
  decodedName,
  parseKeywords,
  parseSubscriptions,
  unescapedName,
} from '#shared/moving/mailboxes/maildir/folder-files.ts'
import { popIdsBy } from '#shared/moving/mailboxes/maildir/pop-ids.ts'
import { parseUidList } from '#shared/moving/mailboxes/maildir/uid-list.ts'

describe('names of files', () => {
  it.each([
    ['1.a.h', '1.a.h', ''],
    ['1.a.h:2,', '1.a.h', ''],
    ['1.a.h,S=10,W=12:2,FSa', '1.a.h,S=10,W=12', 'FSa'],
    ['1.a.h:2,S,extra', '1.a.h', 'S'],
    ['1.a.h;2,RT', '1.a.h', 'RT'],
    ['1.a.h!2,D', '1.a.h', 'D'],
    ['1.a.h:1,experimental', '1.a.h', ''],
    [':2,S', ':2,S', ''],
  ])('%s', (name, base, flags) => {
    expect(parseFileName(name)).toEqual({ base, flags })
  })

  it('have letters for flags, and others for the keywords of their folder', () => {
    const keywords = parseKeywords('0 $Label1\n2 NonJunk\nrubbish\n99 late\n26 beyond\n')
    expect(flagsOf('DFPRSTac', keywords)).toEqual([
      ...['\\Draft', '\\Flagged', '$Forwarded', '\\Answered', '\\Seen', '\\Deleted'],
      ...['$Label1', 'NonJunk'],
    ])
    // One that the folder gives no name says nothing.
    expect(flagsOf('SSbz', keywords)).toEqual(['\\Seen'])
  })

  it('begin with a time, or do not', () => {
    expect(secondsIn('1234567890.M1P2.host')).toBe(1_234_567_890)
    expect(secondsIn('12.x')).toBeUndefined()
    expect(secondsIn('99999999999999.x')).toBeUndefined()
  })
})

describe('the list of uids', () => {
  it('is read in the form of Dovecot, whose next uid goes stale', () => {
    const list = parseUidList(
      '3 V1234567890 N3 G00112233445566778899aabbccddeeff\n10 PUIDL-One Gguid-one O2 W19 :1.a.h\n20 S16 W19 :2.b.h:2,S\n15 :3.c.h\nrubbish\n0 :4.d\n21 :5.e.h',
    )
    expect(list?.uidValidity).toBe(1_234_567_890)
    // The last line is being written, the uid before it goes back.
    expect(list?.uidNext).toBe(21)
    expect([...(list?.records ?? [])]).toEqual([
      ['1.a.h', { base: '1.a.h', uid: 10, popId: 'UIDL-One', popOrder: 2, guid: 'guid-one' }],
      ['2.b.h', { base: '2.b.h', uid: 20, popId: undefined, popOrder: undefined, guid: undefined }],
    ])
  })

  it('is read in the form of Courier', () => {
    const list = parseUidList('1 99 12\n10 1.a.h\n11 2.b.h:2,S\n')
    expect(list).toMatchObject({ uidValidity: 99, uidNext: 12 })
    expect([...(list?.records.keys() ?? [])]).toEqual(['1.a.h', '2.b.h'])
  })

  it.each(['', '2 V1 N1\n', '3 N5\n', '3 V0 N1\n', '3 V4294967296 N1\n', '1 x 1\n'])(
    'is none in %j',
    (text) => {
      expect(parseUidList(text)).toBeUndefined()
    },
  )

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const list = parseUidList(`3 V1 N1\n${text}`)
        expect(list?.uidNext).toBeGreaterThan(0)
      }),
    )
  })
})

describe('names of POP3', () => {
  const record = { uid: 363, popId: undefined, popOrder: undefined, guid: 'g1' }
  it.each([
    ['%08Xu%08Xv', '0000016b0c63fa00'],
    ['%{uid | hex(8)}%{uidvalidity | hex(8)}', '0000016b0c63fa00'],
    ['%u.%v', '363.207878656'],
    ['%f', '1.a.h'],
    ['%g', 'g1'],
    ['x%u-y', 'x363-y'],
    // As they are called here too.
    ['%v-%u', undefined],
  ])('by %s', (format, id) => {
    expect(popIdsBy(format)?.('1.a.h', record, 0x0c63fa00)).toBe(id)
  })

  it('are what the list says, before any format', () => {
    expect(popIdsBy('%f')?.('1.a.h', { ...record, popId: 'own' }, 1)).toBe('own')
  })

  it.each(['%m', '%{hash}', '%', '%u%{uid'])('by %s only Dovecot can tell', (format) => {
    expect(popIdsBy(format)).toBeUndefined()
  })

  it('have no more characters than the protocol takes', () => {
    expect(popIdsBy('%f')?.('x'.repeat(71), record, 1)).toBeUndefined()
    expect(popIdsBy('%f')?.('with blank', record, 1)).toBeUndefined()
  })
})

describe('names of folders', () => {
  it.each([
    ['Caf&AOk-', 'Café'],
    ['A &- B', 'A & B'],
    ['Caf\xc3\xa9', 'Café'],
    ['Caf\xe9', 'Café'],
    ['&bad', '&bad'],
  ])('%j', (stored, name) => {
    expect(decodedName(stored)).toBe(name)
  })

  it('have what cannot stand in a name behind a backslash', () => {
    expect(unescapedName('A\\2eb \\7ex \\zz')).toBe('A.b ~x \\zz')
  })

  it('are subscribed in two forms', () => {
    expect(parseSubscriptions('V\t2\n\nWork\t2024\nCaf&AOk-\n', '.')).toEqual([
      ['Work', '2024'],
      ['Café'],
    ])
    expect(parseSubscriptions('Work.2024\nSent\n', '.')).toEqual([['Work', '2024'], ['Sent']])
  })
})
