import { describe, expect, it } from 'vitest'
import {
  reject_authenticated_sender_login_mismatch as authenticated,
  reject_sender_login_mismatch as both,
  reject_known_sender_login_mismatch as ofKnown,
  reject_unauthenticated_sender_login_mismatch as unauthenticated,
} from '#services/policy/restrictions/reject-sender-login-mismatch.ts'
import type { Word, WordDeps } from '#services/policy/word.ts'
import type { Address } from '#shared/mail/address.ts'
import {
  annsAccount,
  judgeWord,
  knownOfClient,
  knownOfSender,
  login,
  stranger,
  told,
} from '#test/support/policy-facts.ts'

/** Ann has an account, and granted.test belongs to somebody. */
const directory = {
  resolve: async ({ local, domain }: Address) => {
    if (domain !== 'example.test') return { kind: 'remote' }
    return local === 'ann' ? annsAccount : { kind: 'unknown' }
  },
} as unknown as WordDeps['directory']
const settings = {
  smtpdSenderLoginMaps: [{ sender: '@granted.test', logins: ['bob@example.test'] }],
}

const owned = (sender: string) =>
  `553 5.7.1 <${sender}>: Sender address rejected: not owned by user ann@example.test`
const noLogin = (sender: string) => `553 5.7.1 <${sender}>: Sender address rejected: not logged in`

const [ann, foreign, granted] = ['ann@example.test', 'x@remote.test', 'x@granted.test'] as const

describe.each([
  [
    'reject_authenticated_…',
    authenticated,
    [owned(foreign), owned(granted)],
    ['dunno', 'dunno', 'dunno'],
  ],
  [
    'reject_unauthenticated_…',
    unauthenticated,
    ['dunno', 'dunno'],
    [noLogin(ann), 'dunno', noLogin(granted)],
  ],
  [
    'reject_sender_…',
    both,
    [owned(foreign), owned(granted)],
    [noLogin(ann), 'dunno', noLogin(granted)],
  ],
  ['reject_known_…', ofKnown, ['dunno', owned(granted)], [noLogin(ann), 'dunno', noLogin(granted)]],
] as const)('%slogin_mismatch', (_, word: Word, [ofForeign, ofGranted], strangers) => {
  const judge = (sender: string, origin = login) =>
    told(judgeWord(word, knownOfSender({ sender, origin }), { directory, settings }))

  it('of ann, who logged in', async () => {
    expect(await judge(ann)).toBe('dunno')
    expect(await judge(foreign)).toBe(ofForeign)
    expect(await judge(granted)).toBe(ofGranted)
  })

  it('of who did not', async () => {
    const answers = []
    for (const sender of [ann, foreign, granted]) answers.push(await judge(sender, stranger))
    expect(answers).toEqual(strangers)
  })

  it('of the null sender, and before MAIL', async () => {
    expect(await judge('')).toBe('dunno')
    const facts = knownOfClient({ origin: login })
    expect(await told(judgeWord(word, facts, { directory, settings }))).toBe('dunno')
  })
})
