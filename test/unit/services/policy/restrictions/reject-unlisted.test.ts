import { describe, expect, it } from 'vitest'
import {
  reject_unlisted_recipient,
  reject_unlisted_sender,
} from '#services/policy/restrictions/reject-unlisted.ts'
import type { WordDeps } from '#services/policy/word.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import { addressTables, domainTables } from '#shared/settings/restrictions/table-kinds.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import {
  annsAccount,
  disabledAccount,
  judgeWord,
  known,
  knownOfSender,
  knownRecipient,
  told,
} from '#test/support/policy-facts.ts'

const relaying = {
  settings: {
    recipientDelimiter: '+',
    relayDomains: domainTables.parse('backup.test') ?? [],
    relayRecipientMaps: addressTables.parse('table:people') ?? [],
  },
  accessTables: fakeAccessTables({ people: { 'ann@backup.test': 'x' } }),
}

describe('reject_unlisted_recipient', () => {
  it.each([
    [annsAccount, 'dunno'],
    [{ kind: 'remote' }, 'dunno'],
    [{ kind: 'unknown' }, '550 5.1.1 <x@example.test>: Recipient address rejected: User unknown'],
    [disabledAccount, '550 5.2.1 <x@example.test>: Recipient address rejected: mailbox disabled'],
  ] as const)('judges $kind', async (found, reply) => {
    const facts = known({ recipient: knownRecipient('x@example.test', found) })
    expect(await told(judgeWord(reject_unlisted_recipient, facts))).toBe(reply)
  })

  it.each([
    ['ann@backup.test', 'dunno'],
    ['Ann+x@backup.test', 'dunno'],
    ['x@far.test', 'dunno'],
    [
      'eve@backup.test',
      '550 5.1.1 <eve@backup.test>: Recipient address rejected: User unknown in relay recipient table',
    ],
    [
      'ann%backup.test@backup.test',
      '550 5.1.1 <ann%backup.test@backup.test>: Recipient address rejected: User unknown in relay recipient table',
    ],
  ])('knows who is in a domain that is relayed for: %s', async (to, reply) => {
    const facts = known({ recipient: knownRecipient(to, { kind: 'remote' }) })
    expect(await told(judgeWord(reject_unlisted_recipient, facts, relaying))).toBe(reply)
    const anybody = { ...relaying, settings: { ...relaying.settings, relayRecipientMaps: [] } }
    expect(await told(judgeWord(reject_unlisted_recipient, facts, anybody))).toBe('dunno')
  })

  it('says nothing before RCPT', async () => {
    expect(await told(judgeWord(reject_unlisted_recipient, knownOfSender()))).toBe('dunno')
  })
})

describe('reject_unlisted_sender', () => {
  const judge = (sender: string, found: Recipient) => {
    const directory = { resolve: async () => found } as unknown as WordDeps['directory']
    const options = { ...relaying, directory }
    return told(judgeWord(reject_unlisted_sender, knownOfSender({ sender }), options))
  }

  it('refuses senders here that do not exist', async () => {
    expect(await judge('x@example.test', { kind: 'unknown' })).toBe(
      '550 5.1.0 <x@example.test>: Sender address rejected: User unknown in virtual mailbox table',
    )
  })

  it.each([annsAccount, disabledAccount, { kind: 'remote' } as const])(
    'says nothing of $kind',
    async (found) => {
      expect(await judge('x@example.test', found)).toBe('dunno')
    },
  )

  it('refuses senders that do not exist in a domain that is relayed for', async () => {
    const remote = { kind: 'remote' } as const
    expect(await judge('ann@backup.test', remote)).toBe('dunno')
    expect(await judge('eve@backup.test', remote)).toBe(
      '550 5.1.0 <eve@backup.test>: Sender address rejected: User unknown in relay recipient table',
    )
  })

  it('says nothing of the null sender and of what is no address', async () => {
    for (const sender of ['', 'nonsense']) {
      expect(await judge(sender, { kind: 'unknown' })).toBe('dunno')
    }
  })
})
