import { describe, expect, it } from 'vitest'
import {
  defer_unauth_destination,
  permit_auth_destination,
  reject_unauth_destination,
} from '#services/policy/restrictions/unauth-destination.ts'
import type { Word } from '#services/policy/word.ts'
import { domainTables } from '#shared/settings/restrictions/table-kinds.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import {
  annsAccount,
  judgeWord,
  known,
  knownOfSender,
  knownRecipient,
  login,
  stranger,
  told,
} from '#test/support/policy-facts.ts'

const elsewhere = knownRecipient('bob@remote.test', { kind: 'remote' })

describe('reject_unauth_destination', () => {
  it('refuses recipients elsewhere, whoever asks', async () => {
    for (const origin of [stranger, login]) {
      const facts = known({ origin, recipient: elsewhere })
      const reply = '554 5.7.1 <bob@remote.test>: Relay access denied'
      expect(await told(judgeWord(reject_unauth_destination, facts))).toBe(reply)
    }
  })

  it.each([annsAccount, { kind: 'unknown' } as const])(
    'says nothing of $kind here',
    async (found) => {
      const facts = known({ recipient: knownRecipient('x@example.test', found) })
      expect(await told(judgeWord(reject_unauth_destination, facts))).toBe('dunno')
    },
  )

  it('says nothing before RCPT', async () => {
    for (const word of [reject_unauth_destination, permit_auth_destination]) {
      expect(await told(judgeWord(word, knownOfSender()))).toBe('dunno')
    }
  })
})

describe('of domains that are relayed for', () => {
  const options = {
    settings: { relayDomains: domainTables.parse('backup.test, table:partners') ?? [] },
    accessTables: fakeAccessTables({ partners: { 'partner.test': 'OK' } }),
  }
  const judge = (word: Word, to: string) => {
    const recipient = knownRecipient(to, { kind: 'remote' })
    return told(judgeWord(word, known({ recipient }), options))
  }

  it.each(['x@backup.test', 'x@mail.backup.test', 'x@partner.test'])('takes %s', async (to) => {
    expect(await judge(reject_unauth_destination, to)).toBe('dunno')
    expect(await judge(defer_unauth_destination, to)).toBe('dunno')
    expect(await judge(permit_auth_destination, to)).toBe('permit')
  })

  it.each([
    'x@far.test',
    'x%far.test@backup.test',
    'far.test!x@backup.test',
    '"x@far.test"@backup.test',
  ])('does not take %s: what the next host makes of it is no mail for them', async (to) => {
    expect(await judge(reject_unauth_destination, to)).toBe(
      `554 5.7.1 <${to}>: Relay access denied`,
    )
    expect(await judge(permit_auth_destination, to)).toBe('dunno')
  })
})

it('defer_unauth_destination asks to come back', async () => {
  const reply = '454 4.7.1 <bob@remote.test>: Relay access denied'
  expect(await told(judgeWord(defer_unauth_destination, known({ recipient: elsewhere })))).toBe(
    reply,
  )
})

it('permit_auth_destination is the opposite', async () => {
  expect(await told(judgeWord(permit_auth_destination, known()))).toBe('permit')
  expect(await told(judgeWord(permit_auth_destination, known({ recipient: elsewhere })))).toBe(
    'dunno',
  )
})
