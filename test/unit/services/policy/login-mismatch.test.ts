import { describe, expect, it } from 'vitest'
import {
  AUTHORS_MAX,
  foreignAuthor,
  rejectSenderLoginMismatch,
} from '#services/policy/login-mismatch.ts'
import type { SenderRights } from '#services/policy/sender-logins.ts'
import { known, login, messageRequest, stranger } from '#test/support/policy-facts.ts'

const own = 'ann@example.test'

/** Ann may be herself. */
function rights() {
  const asked: string[] = []
  const mayUse: SenderRights['mayUse'] = async (_, sender) => {
    asked.push(sender)
    return sender.startsWith('ann')
  }
  return { asked, mayUse }
}

describe('reject_sender_login_mismatch at RCPT', () => {
  it('lets who logged in be itself', async () => {
    const { decide } = rejectSenderLoginMismatch(rights())
    expect(await decide(known({ origin: login, sender: own }))).toEqual({ kind: 'dunno' })
  })

  it('refuses it another sender', async () => {
    const { decide } = rejectSenderLoginMismatch(rights())
    expect(await decide(known({ origin: login, sender: 'bob@example.test' }))).toEqual({
      kind: 'reject',
      reply: {
        code: 553,
        status: '5.7.1',
        text: `<bob@example.test>: Sender address rejected: not owned by user ${own}`,
      },
    })
  })

  it('asks nothing about the null sender, nor about who did not log in', async () => {
    const { asked, mayUse } = rights()
    const { decide } = rejectSenderLoginMismatch({ mayUse })
    expect(await decide(known({ origin: login, sender: '' }))).toEqual({ kind: 'dunno' })
    expect(await decide(known({ origin: stranger }))).toEqual({ kind: 'dunno' })
    expect(asked).toEqual([])
  })
})

describe('reject_sender_login_mismatch at the end of the message', () => {
  const told = async (given: Parameters<typeof messageRequest>[0]) =>
    (await foreignAuthor(messageRequest({ origin: login, ...given }), rights()))?.text

  it('lets who logged in be all the authors it may be', async () => {
    expect(await told({ from: [own, 'ann+x@example.test'], sender: [own] })).toBeUndefined()
  })

  it.each([
    ['From', { from: [own, 'bob@example.test'], sender: [] }],
    ['Sender', { from: [own], sender: ['bob@example.test'] }],
  ])('refuses a foreign address in %s', async (_, given) => {
    expect(await told(given)).toBe(
      `<bob@example.test>: From or Sender header field rejected: not owned by user ${own}`,
    )
  })

  it('asks about an address once, however often it is named', async () => {
    const { asked, mayUse } = rights()
    await foreignAuthor(messageRequest({ origin: login, from: [own, own], sender: [own] }), {
      mayUse,
    })
    expect(asked).toEqual([own])
  })

  it('refuses more addresses than are looked up', async () => {
    const from = Array.from({ length: AUTHORS_MAX + 1 }, (_, n) => `ann${n}@example.test`)
    expect(await told({ from: from.slice(1) })).toBeUndefined()
    expect(await told({ from })).toMatch(/too many addresses/)
  })

  it('says nothing of who did not log in', async () => {
    expect(await told({ origin: stranger, from: ['ceo@corp.test'] })).toBeUndefined()
  })
})
