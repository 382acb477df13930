import { describe, expect, it } from 'vitest'
import {
  isSameValues,
  route53Batch,
  setOf,
  valuesOf,
} from '#shared/administration/moving/cut-over/record-set.ts'

const named = (type: 'TXT' | 'MX' | 'CNAME') => ({ name: 'a.test', type }) as const

describe('a record set', () => {
  it.each(['', 'plain', 'a "quoted" \\ one', 'ä\x01é', 'x'.repeat(255), 'y'.repeat(600)])(
    'has the text that was put into it: %j',
    (text) => {
      const bytes = Buffer.from(text).toString('latin1')
      expect(valuesOf(setOf(named('TXT'), [bytes], 60))).toEqual([bytes])
    },
  )

  it('is read as others write it', () => {
    const read = (data: string) => valuesOf({ type: 'TXT', data: [data] })[0]
    expect(read('"one" "two"')).toBe('onetwo')
    expect(read('"a\\"b\\\\c\\100"')).toBe('a"b\\cd')
    expect(read('"never closed')).toBe('never closed')
    expect(read('"ends with \\')).toBe('ends with ')
    expect(read('bare')).toBe('bare')
    expect(valuesOf({ type: 'MX', data: ['10 mx.a.test.'] })).toEqual(['10 mx.a.test'])
  })

  it('is compared in any order, and names in any case', () => {
    expect(isSameValues('MX', ['10 A.test.', '20 b.test'], ['20 B.test', '10 a.test'])).toBe(true)
    expect(isSameValues('MX', ['10 a.test'], ['10 a.test', '20 b.test'])).toBe(false)
    expect(isSameValues('TXT', ['A'], ['a'])).toBe(false)
  })

  it('is deleted with the values and the time that it has, and not where there is none', () => {
    const before = setOf(named('CNAME'), ['b.test'], 1_800)
    const none = setOf(named('CNAME'), [], null)
    const [change] = route53Batch([{ before, to: none }], 'x').Changes
    expect(change).toEqual({
      Action: 'DELETE',
      ResourceRecordSet: {
        ...{ Name: 'a.test.', Type: 'CNAME', TTL: 1_800 },
        ResourceRecords: [{ Value: 'b.test.' }],
      },
    })
    expect(route53Batch([{ before: none, to: none }], 'x').Changes).toEqual([])
    const [made] = route53Batch(
      [{ before: none, to: setOf(named('CNAME'), ['b.test'], null) }],
      'x',
    ).Changes
    expect(made).toMatchObject({ Action: 'UPSERT', ResourceRecordSet: { TTL: 3_600 } })
  })
})
