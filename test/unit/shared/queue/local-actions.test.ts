import { describe, expect, it } from 'vitest'
import type { FinalRecipient, LocalAction } from '#shared/contracts/delivery.ts'
import { deliverHere, outcomeHere, outcomeOf, replyOf } from '#shared/queue/local-actions.ts'
import { blob } from '#test/support/blob.ts'
import { account } from '#test/support/mailbox.ts'
import { aQueuedMessage } from '#test/support/queued-message.ts'

const into = (folder: string): LocalAction => ({
  kind: 'delivered',
  folder,
  reply: `uid 1 in ${folder}`,
})
const redirected: LocalAction = { kind: 'redirected', to: 'x@away.test' }
const replied: LocalAction = { kind: 'replied', to: 'sender@remote.test' }
const discarded: LocalAction = { kind: 'discarded' }
const refused: LocalAction = { kind: 'refused', status: '5.7.1', reply: 'no, thanks' }
const deferred: LocalAction = { kind: 'deferred', status: '4.2.2', reply: 'full' }
const failed: LocalAction = { kind: 'failed', status: '5.1.1', reply: 'gone' }

const nothing = { creates: [], usedReserved: false, contended: false, uncertain: false }
const delivered = (reply: string) => ({ kind: 'delivered', reply }) as const

describe('what became of a recipient here', () => {
  it.each([
    ['a folder', [into('a')], delivered('uid 1 in a'), [into('a')]],
    [
      'two folders',
      [into('a'), into('b')],
      delivered('uid 1 in a; uid 1 in b'),
      [into('a'), into('b')],
    ],
    ['another address', [redirected], delivered('redirected to <x@away.test>'), [redirected]],
    [
      'a folder and a reply',
      [into('a'), replied],
      delivered('uid 1 in a; replied to <sender@remote.test>'),
      [into('a'), replied],
    ],
    ['nothing, as wanted', [discarded], delivered('discarded as its recipient wants'), [discarded]],
    // A refusal waits like what failed, until bounces are written.
    ['a refusal', [refused], { ...refused, kind: 'failed' }, [refused]],
    [
      'a refusal after a folder',
      [into('a'), refused],
      { ...refused, kind: 'failed' },
      [into('a'), refused],
    ],
    ['a failure', [failed], failed, [failed]],
    // What is created comes with the end of the recipient, so that it was not told before.
    [
      'a wait after all else',
      [into('a'), redirected, replied, discarded, refused, failed, deferred],
      deferred,
      [into('a'), deferred],
    ],
    ['a failure before a refusal', [refused, redirected, failed], failed, [failed]],
    [
      'the first of two waits',
      [deferred, { ...deferred, reply: 'later' }],
      deferred,
      [deferred, { ...deferred, reply: 'later' }],
    ],
  ] as const)('is %s', (_, actions, result, told) => {
    expect(outcomeHere({ ...nothing, actions })).toEqual({ ...nothing, result, told })
  })

  it('is a wait where nothing was done: mail does not vanish', () => {
    const result = { kind: 'deferred', status: '4.3.0', reply: 'nothing was done' }
    expect(outcomeHere({ ...nothing, actions: [] })).toEqual({ ...nothing, result, told: [result] })
  })

  it('keeps what the queue must know besides', () => {
    const besides = { creates: [], usedReserved: true, contended: true, uncertain: true }
    expect(outcomeHere({ ...besides, actions: [into('a')] })).toMatchObject(besides)
  })
})

describe('what became of a recipient elsewhere', () => {
  it('is what was said, and nothing besides', () => {
    const result = delivered('250 ok')
    expect(outcomeOf(result)).toEqual({ ...nothing, result, told: [result] })
  })
})

describe('replyOf', () => {
  it.each([
    [into('a'), 'uid 1 in a'],
    [redirected, 'redirected to <x@away.test>'],
    [replied, 'replied to <sender@remote.test>'],
    [discarded, 'discarded as its recipient wants'],
    [refused, 'no, thanks'],
    [deferred, 'full'],
    [failed, 'gone'],
  ])('%j: %s', (action, reply) => {
    expect(replyOf(action)).toBe(reply)
  })
})

describe('delivering here', () => {
  const facts = { notify: [], originalRecipient: null }
  const [plain, detail] = [null, 'x'].map((extension, n): FinalRecipient => {
    const address = `r${n}@here.test`
    return { ...facts, address, accountId: account, extension, original: address }
  })
  const scripted = plain && { ...plain, address: 'script@here.test', needsContent: true }
  const recipients = [plain, detail, scripted].flatMap((one) => one ?? [])

  it.each([
    [true, ['r0@here.test true', 'r1@here.test false', 'script@here.test false']],
    [false, ['r0@here.test false', 'r1@here.test false', 'script@here.test false']],
  ])(
    'uses references that are reserved (%s) for mail alone that can come to INBOX only',
    async (reserved, expected) => {
      const asked: string[] = []
      const tried = await deliverHere(
        async (_message, _blob, { address }, isReserved) => {
          asked.push(`${address} ${isReserved}`)
          const actions = [{ kind: 'delivered', folder: 'INBOX', reply: address } as const]
          return {
            actions,
            creates: [],
            usedReserved: isReserved,
            contended: false,
            uncertain: false,
          }
        },
        aQueuedMessage(),
        blob('b1'),
        { recipients, reserved },
      )
      expect(asked).toEqual(expected)
      // In their order, each with his own.
      expect(tried.map(({ recipient, told }) => [recipient, told])).toEqual(
        recipients.map((one) => [
          one,
          [{ kind: 'delivered', folder: 'INBOX', reply: one.address }],
        ]),
      )
    },
  )
})
