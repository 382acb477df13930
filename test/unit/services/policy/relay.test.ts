import { describe, expect, it } from 'vitest'
import {
  permitMynetworks,
  permitSaslAuthenticated,
  rejectUnauthDestination,
} from '#services/policy/relay.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import { annsAccount, login, recipientFacts, stranger } from '#test/support/policy-facts.ts'

const remote: Recipient = { kind: 'remote' }
const toRemote = { recipient: 'bob@remote.test' }

describe('permit_mynetworks', () => {
  const { decide } = permitMynetworks((address) => address === stranger.remoteAddress)

  it('lets a client of our networks relay', () => {
    expect(decide(recipientFacts(toRemote, remote))).toEqual({ kind: 'permit' })
  })

  it('says nothing of other clients', () => {
    const origin = { ...stranger, remoteAddress: '203.0.113.6' }
    expect(decide(recipientFacts({ ...toRemote, origin }, remote))).toEqual({ kind: 'dunno' })
  })

  it('says nothing of recipients here, who are judged as for everybody', () => {
    expect(decide(recipientFacts())).toEqual({ kind: 'dunno' })
  })

  it('lets nobody relay by LMTP (RFC 2033 §1)', () => {
    const origin = { ...stranger, listener: 'lmtp' } as const
    expect(decide(recipientFacts({ ...toRemote, origin }, remote))).toEqual({ kind: 'dunno' })
  })
})

describe('permit_sasl_authenticated', () => {
  const { decide } = permitSaslAuthenticated

  it('lets who logged in relay', () => {
    const facts = recipientFacts({ ...toRemote, origin: login }, remote)
    expect(decide(facts)).toEqual({ kind: 'permit' })
  })

  it('says nothing of strangers', () => {
    expect(decide(recipientFacts(toRemote, remote))).toEqual({ kind: 'dunno' })
  })

  it('says nothing of recipients here, who are judged as for everybody', () => {
    expect(decide(recipientFacts({ origin: login }))).toEqual({ kind: 'dunno' })
  })
})

describe('reject_unauth_destination', () => {
  const { decide } = rejectUnauthDestination

  it('refuses recipients elsewhere, whoever asks', () => {
    for (const origin of [stranger, login]) {
      expect(decide(recipientFacts({ ...toRemote, origin }, remote))).toEqual({
        kind: 'reject',
        reply: { code: 554, status: '5.7.1', text: '<bob@remote.test>: Relay access denied' },
      })
    }
  })

  it.each([annsAccount, { kind: 'unknown' } as const])('says nothing of $kind here', (found) => {
    expect(decide(recipientFacts({}, found))).toEqual({ kind: 'dunno' })
  })
})
