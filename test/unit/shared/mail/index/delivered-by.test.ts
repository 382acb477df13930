import { describe, expect, it } from 'vitest'
import { deliveredBy } from '#shared/mail/index/delivered-by.ts'
import { DELIVERED_TO_FIELDS_MAX } from '#shared/mail/index/part-tree.ts'

const ours = 'from a.test ([192.0.2.1])\r\n\tby mx.example.test with ESMTP id 1; x'
const theirs = 'from a.test by b.test; x'
const field = (line: string) => {
  const [name = '', body = ''] = line.split(/: (.*)/s)
  return { name, body: ` ${body}\r\n` }
}
const to = (...addresses: string[]) => addresses.map((address) => `delivered-to: ${address}`)

describe('deliveredBy', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['nothing', [], []],
    ['what stands upon our Received', [...to('a@x'), `received: ${ours}`], ['a@x']],
    [
      'what went to an old server, told from what was delivered',
      [...to('a@x'), 'x-at-source: a@x', `received: ${ours}`],
      ['a@x', 'at-source:a@x'],
    ],
    ['all that stands upon it', [...to('a@x', 'b@x'), `received: ${ours}`], ['a@x', 'b@x']],
    [
      'what stands upon it below others',
      [`received: ${theirs}`, ...to('a@x'), `received: ${ours}`],
      ['a@x'],
    ],
    ['not what stands below it', [`received: ${ours}`, ...to('a@x')], []],
    ['not what stands upon one of others', [...to('a@x'), `received: ${theirs}`], []],
    [
      'not what one of others parts from it',
      [...to('a@x'), `received: ${theirs}`, `received: ${ours}`],
      [],
    ],
    [
      'each of several rounds',
      [...to('a@x'), `received: ${ours}`, ...to('b@x'), `received: ${ours}`],
      ['a@x', 'b@x'],
    ],
    ['not what came from us', [...to('a@x'), 'received: from mx.example.test by b.test; x'], []],
    [
      'not what a host with a longer name took',
      [...to('a@x'), 'received: by mx.example.test.b; x'],
      [],
    ],
    ['ours in any case', [...to('a@x'), 'received: BY\r\n MX.Example.TEST with x'], ['a@x']],
    [
      'ours only at the beginning of a long one',
      [...to('a@x'), `received: ${'x '.repeat(600)}${ours}`],
      [],
    ],
  ])('finds %s', (_, lines, found) => {
    for (const hostname of ['mx.example.test', 'MX.example.test']) {
      expect(deliveredBy(hostname, lines.map(field))).toEqual(found)
    }
  })

  it('finds DELIVERED_TO_FIELDS_MAX at most', () => {
    const many = (count: number) => to(...Array.from({ length: count }, (_, n) => `${n}@x`))
    for (const count of [DELIVERED_TO_FIELDS_MAX, DELIVERED_TO_FIELDS_MAX + 1]) {
      const lines = [...many(count), `received: ${ours}`, ...many(1), `received: ${ours}`]
      expect(deliveredBy('mx.example.test', lines.map(field))).toHaveLength(DELIVERED_TO_FIELDS_MAX)
    }
  })
})
