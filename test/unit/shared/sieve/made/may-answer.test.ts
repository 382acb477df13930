// Which messages are answered by themselves: RFC 3834 §2, RFC 5230 §4.5 and §4.6, rule by rule.

import { describe, expect, it } from 'vitest'
import { type Answerable, mayAnswer } from '#shared/sieve/made/may-answer.ts'
import { Header } from '#shared/sieve/message.ts'

async function decided(
  fields: readonly string[] = [],
  changes: Partial<Omit<Answerable, 'header' | 'envelope'>> & { from?: string; to?: string } = {},
) {
  const { from = 'ann@example.org', to = 'me@example.com', ...others } = changes
  const named = [
    ...fields,
    ...(fields.some((each) => /^(?:resent-)?(?:to|b?cc):/i.test(each))
      ? []
      : ['To: me@example.com']),
  ]
  const result = mayAnswer({
    header: new Header(
      named.map((field) => {
        const colon = field.indexOf(':')
        return {
          name: field.slice(0, colon),
          value: Buffer.from(field.slice(colon + 1).trim()).toString('latin1'),
        }
      }),
    ),
    envelope: { from, to },
    owner: {
      address: 'me@example.com',
      name: null,
      addresses: ['alias@example.com'],
      recipientDelimiter: '+',
    },
    addresses: [],
    ...others,
  })
  return result.kind === 'answer' ? result.to : result.because
}

it('answers the return path, whatever From and Reply-To say (RFC 3834 §4)', async () => {
  expect(await decided(['From: x@y.example', 'Reply-To: z@y.example'])).toBe('ann@example.org')
})

describe('to whom (RFC 3834 §2, RFC 5230 §4.6)', () => {
  it.each([
    ['', 'null-sender'],
    ['nobody', 'no-address'],
    ['me@example.com', 'own-address'],
    ['ME+x@Example.Com', 'own-address'],
    ['alias@example.com', 'own-address'],
    ['MAILER-DAEMON@example.org', 'automatic-sender'],
    ['listserv@example.org', 'automatic-sender'],
    ['majordomo@example.org', 'automatic-sender'],
    ['owner-list@example.org', 'automatic-sender'],
    ['list-owner@example.org', 'automatic-sender'],
    ['list-request@example.org', 'automatic-sender'],
    ['list-bounces@example.org', 'automatic-sender'],
    ['bounce-17-me=example.com@example.org', 'automatic-sender'],
    ['bounces+17@example.org', 'automatic-sender'],
    ['noreply@example.org', 'automatic-sender'],
    ['No-Reply@example.org', 'automatic-sender'],
    ['do_not_reply+17@example.org', 'automatic-sender'],
    // People: RFC 5230 §4.6 names postmaster.
    ['postmaster@example.org', 'postmaster@example.org'],
    ['owner@example.org', 'owner@example.org'],
    ['requester@example.org', 'requester@example.org'],
    ['bouncer@example.org', 'bouncer@example.org'],
  ])('of %j: %s', async (from, expected) => {
    expect(await decided([], { from })).toBe(expected)
  })

  it('never an address that the script says is the owner\u2019s', async () => {
    expect(await decided([], { from: 'me@home.example', addresses: ['Me@home.example'] })).toBe(
      'own-address',
    )
  })
})

describe('lists (RFC 5230 §4.6)', () => {
  it.each(['Id', 'Help', 'Subscribe', 'Unsubscribe', 'Post', 'Owner', 'Archive'])(
    'has no answer with List-%s',
    async (name) => {
      expect(await decided([`list-${name}: <x>`])).toBe('list')
    },
  )
})

describe('programs (RFC 3834 §5, RFC 5230 §4.6)', () => {
  it.each([
    ['Auto-Submitted: auto-replied', 'auto-submitted'],
    ['Auto-Submitted: auto-generated', 'auto-submitted'],
    ['auto-submitted: auto-notified; owner-email="x@y.example"', 'auto-submitted'],
    ['Auto-Submitted: whatever', 'auto-submitted'],
    ['Auto-Submitted: no', 'ann@example.org'],
    ['Auto-Submitted: No; x=y', 'ann@example.org'],
    ['Auto-Submitted: no (by hand)', 'ann@example.org'],
    ['Precedence: bulk', 'precedence'],
    ['Precedence: LIST', 'precedence'],
    ['Precedence: junk', 'precedence'],
    ['Precedence: first-class', 'ann@example.org'],
    ['X-Auto-Response-Suppress: All', 'suppressed'],
    ['X-Auto-Response-Suppress: DR, OOF, AutoReply', 'suppressed'],
    ['X-Auto-Response-Suppress: DR, RN', 'ann@example.org'],
  ])('%s: %s', async (field, expected) => {
    expect(await decided([field])).toBe(expected)
  })

  it('counts any of several fields', async () => {
    expect(await decided(['Auto-Submitted: no', 'Auto-Submitted: auto-replied'])).toBe(
      'auto-submitted',
    )
  })
})

describe('addressed to the owner (RFC 5230 §4.5)', () => {
  it.each(['To', 'Cc', 'Bcc', 'Resent-To', 'Resent-Cc', 'Resent-Bcc'])('in %s', async (name) => {
    expect(await decided([`${name}: x@y.example, "Me" <Me@Example.com>`])).toBe('ann@example.org')
  })

  it.each([
    ['To: x@y.example', {}, 'not-to-owner'],
    ['To: undisclosed-recipients:;', {}, 'not-to-owner'],
    ['To: alias@example.com', {}, 'ann@example.org'],
    ['To: me+lists@example.com', {}, 'ann@example.org'],
    // The final recipient of the envelope.
    ['To: team@example.com', { to: 'team@example.com' }, 'ann@example.org'],
    ['To: me@home.example', { addresses: ['me@home.example'] }, 'ann@example.org'],
    ['To: friends: x@y.example, me@example.com;', {}, 'ann@example.org'],
    ['To: "me@example.com" <x@y.example>', {}, 'not-to-owner'],
  ])('%s %j: %s', async (field, changes, expected) => {
    expect(await decided([field], changes)).toBe(expected)
  })
})
