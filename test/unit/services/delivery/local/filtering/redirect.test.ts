// What is sent on by a script, and when it is not.

import { describe, expect, it } from 'vitest'
import {
  REDIRECTED_TIMES_MAX,
  redirected,
  SPREAD_TIMES_MAX,
  whyNotRedirected,
} from '#services/delivery/local/filtering/redirect.ts'
import type { Letter } from '#services/delivery/local/letter.ts'
import { headerFields } from '#shared/mail/header-field.ts'
import { Header, type SieveMessage } from '#shared/sieve/message.ts'
import { bytesSource, readMessage } from '#shared/sieve/read-message.ts'
import { blob } from '#test/support/blob.ts'
import { account } from '#test/support/mailbox.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const letter = (deliveredTo: readonly string[] = []): Letter => ({
  message: { ...aQueuedMessage(), prepend: 'Received: here\r\n', deliveredTo },
  account,
  blob: blob('b1'),
  recipient: {
    address: 'ann@example.test',
    accountId: account,
    extension: null,
    original: 'alias@example.test',
    notify: [],
    originalRecipient: null,
  },
  reserved: false,
  quota: { bytes: 0, messages: 0 },
})
const header = (fields: string) => new Header(headerFields(Buffer.from(`${fields}\r\n\r\n`)))
const HOPS_MAX = 3

describe('redirect', () => {
  it.each<[string, string, readonly string[], boolean]>([
    ['far@away.test', 'Subject: x', [], true],
    ['ANN@example.test', 'Subject: x', [], false],
    ['alias@example.test', 'Subject: x', [], false],
    ['far@away.test', 'X-Sieve-Redirected-From: Ann@example.test', [], false],
    ['far@away.test', 'X-Sieve-Redirected-From: bea@example.test', [], true],
    ['bea@example.test', 'X-Sieve-Redirected-From: bea@example.test', [], false],
    ['bea@example.test', 'Subject: x', ['bea@example.test'], false],
    ['far@away.test', 'Received: a\r\nReceived: b', [], true],
    ['far@away.test', 'Received: a\r\nReceived: b\r\nReceived: c', [], false],
  ])('to %s of %j that was at %j is done: %s', (to, fields, before, isDone) => {
    const why = whyNotRedirected(to, header(fields), letter(before), HOPS_MAX)
    expect(why === undefined).toBe(isDone)
  })

  it('goes through so many accounts here, and no further', () => {
    const through = (count: number) =>
      letter(Array.from({ length: count }, (_, n) => `u${n}@example.test`))
    const plain = header('Subject: x')
    const why = (count: number) =>
      whyNotRedirected('far@away.test', plain, through(count), HOPS_MAX)
    expect(why(REDIRECTED_TIMES_MAX - 1)).toBeUndefined()
    expect(why(REDIRECTED_TIMES_MAX)).toBe('it was sent on too often')
  })

  it.each([
    [SPREAD_TIMES_MAX - 1, 7, undefined],
    [SPREAD_TIMES_MAX, 0, undefined],
    [SPREAD_TIMES_MAX, 1, 'it was sent on before, and goes to another address already'],
  ])('that is the %ith, beside %i others: %j', (times, others, why) => {
    const before = Array.from({ length: times }, (_, n) => `u${n}@example.test`)
    const plain = header('Subject: x')
    expect(whyNotRedirected('far@away.test', plain, letter(before), HOPS_MAX, others)).toBe(why)
  })

  const at = { line: 1, column: 1 }
  const wrap = async (sender: string) => `srs+${sender}`
  const plain = readMessage(bytesSource(Buffer.from('Subject: x\r\n\r\nx\r\n')))
  const edited = (text: string, pieces: number): SieveMessage => ({
    ...plain,
    async *changed() {
      for (let n = 0; n < text.length; n += pieces) yield Buffer.from(text.slice(n, n + pieces))
    },
  })

  it('of the message as it came shares its bytes', async () => {
    const action = { at, kind: 'redirect', to: 'far@away.test', message: plain } as const
    const created = await redirected(letter(['bea@example.test']), action, wrap)
    expect(created).toMatchObject({
      envelope: {
        sender: `srs+${letter().message.envelope.sender}`,
        recipients: [{ address: 'far@away.test', notify: [], originalRecipient: null }],
      },
      prepend:
        'X-Sieve-Redirected-From: ann@example.test\r\nDelivered-To: ann@example.test\r\nReceived: here\r\n',
      deliveredTo: ['bea@example.test', 'ann@example.test'],
      content: { kind: 'same' },
    })
  })

  it.each([1, 7, 1_000])(
    'of a changed one has its bytes without Return-Path, in pieces of %i',
    async (pieces) => {
      const text =
        'Delivered-To: ann@example.test\r\nReturn-Path: <s@\r\n remote.test>\r\nX-New: y\r\n\r\nReturn-Path: in the body\r\n'
      const message = edited(text, pieces)
      const action = { at, kind: 'redirect', to: 'far@away.test', message } as const
      const { content, prepend } = await redirected(letter(), action, wrap)
      if (content.kind !== 'stream') throw new Error(content.kind)
      const bytes = Buffer.concat(await Array.fromAsync(content.open()))
      expect(prepend + bytes.toString()).toBe(
        'X-Sieve-Redirected-From: ann@example.test\r\nDelivered-To: ann@example.test\r\nX-New: y\r\n\r\nReturn-Path: in the body\r\n',
      )
    },
  )
})
