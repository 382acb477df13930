import { describe, expect, it } from 'vitest'
import {
  reject_unverified_recipient,
  reject_unverified_sender,
} from '#services/policy/restrictions/reject-unverified.ts'
import type { Verification } from '#services/policy/verification.ts'
import { askWord } from '#test/support/asked-word.ts'
import { annsAccount, known, knownOfSender, knownRecipient } from '#test/support/policy-facts.ts'

const refused = 'host mx.there.test said: 550 5.1.1 no such user'
const later = 'host mx.there.test said: 450 4.2.0 greylisted'

/** Of each address what its local part says. */
const verification: Verification & { readonly asked: string[] } = {
  asked: [],
  async verify(address) {
    verification.asked.push(address)
    switch (address.slice(0, address.indexOf('@'))) {
      case 'good':
        return { kind: 'deliverable' }
      case 'bad':
        return { kind: 'undeliverable', reply: refused }
      case 'later':
        return { kind: 'unknown', reply: later }
      default:
        return { kind: 'pending' }
    }
  },
}

describe('reject_unverified_sender', () => {
  const ask = (sender: string, ...set: string[]) =>
    askWord(reject_unverified_sender, known({ sender }), { set, deps: { verification } })
  const said = (sender: string, text: string, start = 'defer-if-permit 450 4.1.7') =>
    `${start} <${sender}>: Sender address rejected: ${text}`

  it.each<[string, string]>([
    ['good@there.test', 'dunno'],
    ['bad@there.test', said('bad@there.test', `unverified address: ${refused}`)],
    ['later@there.test', said('later@there.test', `unverified address: ${later}`)],
    [
      'slow@there.test',
      said('slow@there.test', 'unverified address: Address verification in progress'),
    ],
  ])('of %s says %s', async (sender, expected) => {
    expect(await ask(sender)).toBe(expected)
  })

  it('refuses with unverifiedSenderRejectCode who does not exist, and nobody else', async () => {
    const set = 'unverifiedSenderRejectCode=550'
    expect(await ask('bad@there.test', set)).toBe(
      said('bad@there.test', `undeliverable address: ${refused}`, 'reject 550 5.1.7'),
    )
    expect(await ask('later@there.test', set)).toMatch(/^defer-if-permit 450/)
  })

  it('takes the settings for who is not known', async () => {
    expect(await ask('later@there.test', 'unverifiedSenderDeferCode=451')).toMatch(
      /^defer-if-permit 451 4\.1\.7/,
    )
    expect(await ask('later@there.test', 'unverifiedSenderTempfailAction=defer')).toMatch(
      /^defer 450/,
    )
    expect(await ask('later@there.test', 'unverifiedSenderDeferCode=250')).toBe('dunno')
    expect(await ask('bad@there.test', 'unverifiedSenderRejectCode=250')).toBe('dunno')
  })

  it('says unverifiedSenderRejectReason in place of the words of others', async () => {
    expect(await ask('bad@there.test', 'unverifiedSenderRejectReason=no')).toBe(
      said('bad@there.test', 'unverified address: no'),
    )
  })

  it('asks nobody about the null sender, and about who is here', async () => {
    const before = verification.asked.length
    expect(await ask('')).toBe('dunno')
    expect(await ask('ann@example.test')).toBe('dunno')
    expect(verification.asked).toHaveLength(before)
  })

  it('puts off where nobody may be asked', async () => {
    expect(await askWord(reject_unverified_sender, known({ sender: 'good@there.test' }))).toBe(
      said('good@there.test', 'address verification problem'),
    )
  })
})

describe('reject_unverified_recipient', () => {
  const ask = (to: string, ...set: string[]) =>
    askWord(
      reject_unverified_recipient,
      known({ recipient: knownRecipient(to, { kind: 'remote' }) }),
      { set, deps: { verification } },
    )
  const said = (to: string, text: string, start = 'defer-if-permit 450 4.1.1') =>
    `${start} <${to}>: Recipient address rejected: ${text}`

  it.each<[string, string]>([
    ['good@there.test', 'dunno'],
    ['bad@there.test', said('bad@there.test', `unverified address: ${refused}`)],
    ['later@there.test', said('later@there.test', `unverified address: ${later}`)],
  ])('of %s says %s', async (to, expected) => {
    expect(await ask(to)).toBe(expected)
  })

  it('has settings of its own', async () => {
    expect(await ask('bad@there.test', 'unverifiedRecipientRejectCode=550')).toBe(
      said('bad@there.test', `undeliverable address: ${refused}`, 'reject 550 5.1.1'),
    )
    expect(await ask('later@there.test', 'unverifiedRecipientDeferCode=250')).toBe('dunno')
    expect(await ask('later@there.test', 'unverifiedRecipientTempfailAction=defer')).toMatch(
      /^defer /,
    )
    expect(await ask('bad@there.test', 'unverifiedRecipientRejectReason=no')).toBe(
      said('bad@there.test', 'unverified address: no'),
    )
  })

  it('knows who is here, and says nothing before RCPT', async () => {
    const facts = (found: Parameters<typeof knownRecipient>[1]) =>
      known({ recipient: knownRecipient('ann@example.test', found) })
    const options = { deps: { verification } }
    const word = reject_unverified_recipient
    expect(await askWord(word, facts(annsAccount), options)).toBe('dunno')
    expect(await askWord(word, facts({ kind: 'unknown' }), options)).toBe(
      said('ann@example.test', 'unverified address: User unknown'),
    )
    expect(await askWord(word, knownOfSender(), options)).toBe('dunno')
  })
})
