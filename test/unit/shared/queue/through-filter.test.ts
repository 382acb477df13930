import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseFilterHop } from '#shared/mail/filter-hop.ts'
import { formatNextHop } from '#shared/mail/next-hop.ts'
import { formatRoute } from '#shared/mail/route.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import type { AnswerRemote } from '#test/support/remote-delivery.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const clock = manualClock()
let opened: OpenedEmbedded
let pipeline: Pipeline
const handed: { readonly hop: string; readonly to: readonly string[] }[] = []
let isAway = false

const deliverRemote: AnswerRemote = async (_message, hop, recipients) => {
  handed.push({ hop: formatRoute(hop), to: recipients.map(({ address }) => address) })
  return recipients.map(() =>
    isAway
      ? { kind: 'deferred', status: '4.4.1', reply: 'away' }
      : { kind: 'delivered', reply: '250 taken' },
  )
}

beforeEach(async () => {
  handed.length = 0
  isAway = false
  opened = await openEmbedded({ clock })
  pipeline = createPipeline(opened.store, clock, { deliverRemote })
  await pipeline.addAccount('ann@example.test')
  await pipeline.addAlias('team@example.test', ['ann@example.test', 'far@remote.test'])
})
afterEach(() => opened.close())

const text = 'Subject: x\r\n\r\nbody\r\n'
const recipients = ['team@example.test', 'ann@example.test', 'nobody@example.test', 'x@remote.test']
const queue = () => Array.fromAsync(pipeline.backend.operator.list())

describe('a message that goes through a content filter', () => {
  it('goes there as it came, and nowhere else', async () => {
    await pipeline.accept(text, recipients, { filter: 'scan:[127.0.0.1]:10024' })
    await pipeline.settle()
    expect(handed).toEqual([{ hop: '[127.0.0.1]:10024', to: recipients }])
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    expect(await queue()).toEqual([])
  })

  it('goes on to where it goes when it is back', async () => {
    const origin = { listener: 'reinjection' } as const
    const given = await pipeline.accept(text, ['team@example.test'], {
      origin: {
        ...origin,
        remoteAddress: '127.0.0.1',
        remotePort: 1,
        helo: 'f',
        tls: null,
        account: null,
      },
    })
    expect(given).toBeDefined()
    await pipeline.settle()
    expect(handed).toEqual([{ hop: 'remote.test', to: ['far@remote.test'] }])
    expect(await pipeline.inbox('ann@example.test')).toHaveLength(1)
  })

  it('waits where the filter is away, and an operator does not get it past it', async () => {
    isAway = true
    const queueId = await pipeline.accept(text, recipients, { filter: 'scan:[127.0.0.1]:10024' })
    await pipeline.settle()
    expect(await queue()).toHaveLength(1)
    isAway = false
    handed.length = 0
    expect(await pipeline.backend.operator.release(queueId)).toBe(true)
    await pipeline.settle()
    expect(handed).toEqual([{ hop: '[127.0.0.1]:10024', to: recipients }])
    expect(await pipeline.inbox('ann@example.test')).toEqual([])
    expect(await queue()).toEqual([])
  })

  it('goes to a filter whose host has the name of a transport', async () => {
    await pipeline.accept(text, ['x@remote.test'], { filter: 'scan:discard:10024' })
    await pipeline.settle()
    expect(handed).toEqual([{ hop: 'smtp:discard:10024', to: ['x@remote.test'] }])
  })

  // Neither read as a route of ours.
  it.each(['pipe:/usr/bin/filter', 'discard:spam', 'error:5.7.1 spam', 'lmtp:unix:/run/lmtp'])(
    'waits where the filter is %s, which speaks no SMTP: nobody gets his mail back for it',
    async (filter) => {
      await pipeline.accept(text, recipients, { filter })
      await pipeline.settle()
      expect(handed).toEqual([])
      const [entry] = await queue()
      const results = entry?.groups.flatMap((group) => group.recipients.map(({ last }) => last))
      expect(results).toHaveLength(recipients.length)
      for (const last of results ?? []) {
        expect(last).toMatchObject({
          kind: 'deferred',
          status: '4.3.5',
          reply: expect.stringContaining(filter),
        })
      }
    },
  )
})

describe("a filter in Postfix's notation", () => {
  it.each([
    ['smtp:[127.0.0.1]:10024', '[127.0.0.1]:10024'],
    ['smtp-amavis:[127.0.0.1]:10024', '[127.0.0.1]:10024'],
    ['scan:localhost:10025', 'localhost:10025'],
    ['amavisfeed:[::1]:10024', '[::1]:10024'],
    ['[127.0.0.1]:10024', '[127.0.0.1]:10024'],
    ['relay:filter.example.net', 'filter.example.net'],
  ])('%s is %s', (filter, hop) => {
    const parsed = parseFilterHop(filter)
    expect(parsed && formatNextHop(parsed)).toBe(hop)
  })

  it.each([
    '',
    'scan:',
    'lmtp:unix:/x',
    'LMTP:[::1]:24',
    'pipe:x',
    'discard:x',
    'a b:[c]',
    ':[127.0.0.1]',
    '-:x',
    'scan:[127.0.0.1]:0',
  ])('%j is none', (filter) => {
    expect(parseFilterHop(filter)).toBeUndefined()
  })
})
