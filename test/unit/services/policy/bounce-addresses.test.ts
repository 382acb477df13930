import { describe, expect, it } from 'vitest'
import { rejectToBounceAddress } from '#services/policy/bounce-addresses.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { envelope, recipient } from '#test/support/content.ts'
import { knownOfMessage, stranger, told } from '#test/support/policy-facts.ts'

const bounceAddress = 'SRS0=aaaaaa=AA=far.test=ann@fwd.test'
const refusal = `550 5.7.1 <${bounceAddress}>: Recipient address rejected: takes bounces and automatic replies only`

type Letter = { sender?: string; to?: readonly string[]; header?: string; login?: string }

function judge({ sender = 'x@far.test', to = [bounceAddress], header = '', login }: Letter = {}) {
  const { decide } = rejectToBounceAddress(parseDomain('fwd.test'))
  const account = login === undefined ? null : { id: 'i', login }
  return told(
    decide(
      knownOfMessage({
        envelope: { ...envelope, sender, recipients: to.map(recipient) },
        origin: { ...stranger, account },
        header,
      }),
    ),
  )
}

describe('reject_to_bounce_address', () => {
  it('refuses a letter, also in other capitals and among other recipients', async () => {
    expect(await judge()).toBe(refusal)
    expect(await judge({ to: ['ann@example.test', bounceAddress] })).toBe(refusal)
    expect(await judge({ to: [bounceAddress.toLowerCase()] })).toContain('550 5.7.1')
  })

  it('has nothing against bounces, logins, and mail for others', async () => {
    expect(await judge({ sender: '' })).toBe('dunno')
    expect(await judge({ login: 'ann@example.test' })).toBe('dunno')
    expect(await judge({ to: ['ann@fwd.test', bounceAddress.replace('fwd', 'far')] })).toBe('dunno')
  })

  it.each([
    ['Auto-Submitted: auto-replied', 'dunno'],
    ['AUTO-SUBMITTED: auto-generated; x=y', 'dunno'],
    ['Auto-Submitted: no', refusal],
    ['Auto-Submitted: no (really)', refusal],
    ['Auto-Submitted: notify', 'dunno'],
    ['Precedence: bulk', 'dunno'],
    ['Precedence: first-class', refusal],
    ['Content-Type: multipart/report; report-type=delivery-status', 'dunno'],
    ['Content-Type: multipart/mixed', refusal],
    ['Subject: Auto-Submitted: auto-replied', refusal],
  ])('goes by the header: %s', async (field, answer) => {
    expect(await judge({ header: `From: x@far.test\r\n${field}\r\n` })).toBe(answer)
  })
})
