// The forms of showq(8), byte by byte as Debian's Postfix printed them (reference: its mailq and postqueue -j).

import { expect, it } from 'vitest'
import {
  jsonEntry,
  type Listed,
  listedOf,
  mailqCount,
  mailqEntry,
} from '#services/cli/postfix/queue-text.ts'

const message: Listed = {
  queueName: 'hold',
  queueId: '4jcvng6m62zKHs5',
  arrivedMs: new Date(2026, 10, 29, 17, 50, 31).getTime(),
  bytes: 282,
  isExpired: false,
  sender: 'ann@ok.test',
  recipients: [
    {
      address: 'x@held.test',
      reason: 'connect to 127.0.0.1[127.0.0.1]:26199: Connection refused',
    },
  ],
}

it('writes a message, a mark behind its id, the reason in front of whom it is of', () => {
  expect(mailqEntry(message)).toBe(
    [
      '4jcvng6m62zKHs5!       282 Sun Nov 29 17:50:31 ann@ok.test',
      '                   (connect to 127.0.0.1[127.0.0.1]:26199: Connection refused)',
      '                                               x@held.test',
      '',
      '',
    ].join('\n'),
  )
})

it.each([
  ['active', false, '*'],
  ['hold', true, '!#'],
  ['deferred', true, '#'],
  ['deferred', false, ''],
  ['maildrop', false, ''],
])('marks what is %s, expired: %s', (queueName, isExpired, mark) => {
  expect(mailqEntry({ ...message, queueName, isExpired })).toMatch(
    new RegExp(`^4jcvng6m62zKHs5${mark.replace('*', '\\*')} +282 `),
  )
})

it('says a reason once, and that of one is not known', () => {
  const recipients = [
    { address: 'a@x.test', reason: 'busy' },
    { address: 'b@x.test', reason: 'busy' },
    { address: 'c@x.test', reason: null },
    { address: 'd@x.test', reason: 'away' },
  ]
  const lines = mailqEntry({ ...message, sender: '', recipients })
    .split('\n')
    .map((line) => line.trim())
  expect(lines[0]).toMatch(/ MAILER-DAEMON$/)
  expect(lines.slice(1, -2)).toEqual([
    '(busy)',
    'a@x.test',
    'b@x.test',
    '(reason unavailable)',
    'c@x.test',
    '(away)',
    'd@x.test',
  ])
})

it('lets nobody control the terminal', () => {
  expect(mailqEntry({ ...message, sender: 'a\x1b[2J@x.test' })).not.toContain('\x1b')
})

it('counts', () => {
  expect(mailqCount(6_500, 22)).toBe('-- 6 Kbytes in 22 Requests.\n')
  expect(mailqCount(6_500, 1)).toBe('-- 6 Kbytes in 1 Request.\n')
})

it('writes an object a line', () => {
  const recipients = [...message.recipients, { address: 'b@x.test', reason: null }]
  expect(jsonEntry({ ...message, recipients, arrivedMs: 1795974631500 })).toBe(
    '{"queue_name": "hold", "queue_id": "4jcvng6m62zKHs5", "arrival_time": 1795974631, "message_size": 282, "forced_expire": false, "sender": "ann@ok.test", "recipients": [{"address": "x@held.test", "delay_reason": "connect to 127.0.0.1[127.0.0.1]:26199: Connection refused"}, {"address": "b@x.test"}]}\n',
  )
})

it('tells recipients of a message that is not split yet', () => {
  expect(
    listedOf({
      queueId: '01M8NK5H5PRNZ78VCQ' as never,
      state: 'incoming',
      reason: null,
      isSplit: false,
      bytes: 1,
      arrivedMs: 0,
      sender: '',
      recipients: ['a@x.test'],
      origin: { helo: '', remoteAddress: '', listener: 'smtp', login: null },
      groups: [],
    }).recipients,
  ).toEqual([{ address: 'a@x.test', reason: null }])
})
