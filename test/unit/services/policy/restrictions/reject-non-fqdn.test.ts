import { describe, expect, it } from 'vitest'
import {
  reject_non_fqdn_recipient,
  reject_non_fqdn_sender,
} from '#services/policy/restrictions/reject-non-fqdn.ts'
import {
  judgeWord,
  known,
  knownOfClient,
  knownOfSender,
  knownRecipient,
  told,
} from '#test/support/policy-facts.ts'

describe('reject_non_fqdn_sender', () => {
  const judge = (sender: string) =>
    told(judgeWord(reject_non_fqdn_sender, knownOfSender({ sender })))

  it.each([
    'user@host',
    'user',
    'user@',
    'user@a..example.test',
    'user@-a.example.test',
    'user@192.0.2.1',
    `user@${'a'.repeat(64)}.test`,
    `user@${'a.'.repeat(130)}test`,
  ])('refuses %.40s', async (sender) => {
    expect(await judge(sender)).toBe(
      `504 5.5.2 <${sender}>: Sender address rejected: need fully-qualified address`,
    )
  })

  it.each([
    '',
    'user@example.test',
    'user@example.test.',
    'user@a_b.example.test',
    'user@[192.0.2.1]',
    'user@[IPv6:2001:db8::1]',
    'user@müller.example',
    'user@xn--mller-kva.example',
    'postmaster',
  ])('takes <%s>', async (sender) => {
    expect(await judge(sender)).toBe('dunno')
  })

  it('says nothing before MAIL', async () => {
    expect(await told(judgeWord(reject_non_fqdn_sender, knownOfClient()))).toBe('dunno')
  })
})

it('reject_non_fqdn_recipient does the same for recipients', async () => {
  const facts = known({ recipient: knownRecipient('user@host') })
  expect(await told(judgeWord(reject_non_fqdn_recipient, facts))).toBe(
    '504 5.5.2 <user@host>: Recipient address rejected: need fully-qualified address',
  )
  expect(await told(judgeWord(reject_non_fqdn_recipient, known()))).toBe('dunno')
  expect(await told(judgeWord(reject_non_fqdn_recipient, knownOfSender()))).toBe('dunno')
})
