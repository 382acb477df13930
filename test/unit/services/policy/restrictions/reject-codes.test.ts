// Codes of replies are settings: words whose code is all that a setting changes.

import { describe, expect, it } from 'vitest'
import type { Known } from '#services/policy/known.ts'
import { words } from '#services/policy/restrictions/index.ts'
import type { Word } from '#services/policy/word.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { askWord } from '#test/support/asked-word.ts'
import { known, knownOfSender, knownRecipient } from '#test/support/policy-facts.ts'

const somewhere = known({ recipient: knownRecipient('r@remote.test', { kind: 'remote' }) })
const nobody = known({ recipient: knownRecipient('x@example.test', { kind: 'unknown' }) })
const relayed = known({ recipient: knownRecipient('x@relay.test', { kind: 'remote' }) })
const relaying = ['relayDomains=relay.test', 'relayRecipientMaps=table:relayed']

const word = (name: WordName): Word => {
  const found = words[name]
  if (found === undefined) throw new Error(`no ${name}`)
  return found
}

describe('the code of', () => {
  it.each<[WordName, Known, string, string, string, (readonly string[])?]>([
    ['reject', known(), 'rejectCode', 'reject 554 5.7.1', 'defer 451 4.7.1'],
    ['defer', known(), 'deferCode', 'defer 450 4.3.2', 'defer 451 4.3.2'],
    [
      'reject_plaintext_session',
      known(),
      'plaintextRejectCode',
      'defer 450 4.7.1',
      'defer 451 4.7.1',
    ],
    [
      'reject_multi_recipient_bounce',
      knownOfSender({ sender: '', recipientCount: 2 }),
      'multiRecipientBounceRejectCode',
      'reject 550 5.5.3',
      'defer 451 4.5.3',
    ],
    [
      'reject_non_fqdn_sender',
      known({ sender: 's@host' }),
      'nonFqdnRejectCode',
      'reject 504 5.5.2',
      'defer 451 4.5.2',
    ],
    [
      'reject_unauth_destination',
      somewhere,
      'relayDomainsRejectCode',
      'reject 554 5.7.1',
      'defer 451 4.7.1',
    ],
    [
      'defer_unauth_destination',
      somewhere,
      'relayDomainsRejectCode',
      'defer 454 4.7.1',
      'defer 451 4.7.1',
    ],
    [
      'reject_unlisted_recipient',
      nobody,
      'unknownLocalRecipientRejectCode',
      'reject 550 5.1.1',
      'defer 451 4.1.1',
    ],
    [
      'reject_unlisted_recipient',
      relayed,
      'unknownRelayRecipientRejectCode',
      'reject 550 5.1.1',
      'defer 451 4.1.1',
      relaying,
    ],
  ])('%s is a setting', async (name, facts, setting, usual, changed, also = []) => {
    const deps = { accessTables: fakeAccessTables({ relayed: { 'a@relay.test': 'OK' } }) }
    const ask = (...set: string[]) => askWord(word(name), facts, { set: [...also, ...set], deps })
    expect((await ask()).split(' ').slice(0, 3).join(' ')).toBe(usual)
    expect((await ask(`${setting}=451`)).split(' ').slice(0, 3).join(' ')).toBe(changed)
  })
})
