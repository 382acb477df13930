import { describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import { guestId } from '#shared/directory/guests.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { parseRoute } from '#shared/mail/route.ts'
import { HERE, placeOf } from '#shared/queue/new-groups.ts'
import { withSources } from '#shared/queue/source-slots.ts'

const id = 'ann' as AccountId

function slot(source: AtSource | undefined, smtp: string | null = '[old.test]:25', accountId = id) {
  const slotOf = withSources(async ({ address }) => `usual ${address}`, {
    accounts: { byId: async () => ({ ...(source && { source }) }) as AccountRecord },
    sources: { get: async () => ({ smtp }) as SourceHost },
    resolve: async () => (source ? { kind: 'guest', source } : { kind: 'unknown' }),
  })
  return slotOf({ address: 'ann@ours.test', sender: '', accountId })
}

describe('the way of mail for an account that was on an old server', () => {
  it('leads there, nowhere for now, or here', async () => {
    expect(await slot({ name: 'old', state: 'at-source' })).toBe('[old.test]')
    const moving = await slot({ name: 'old', state: 'moving' })
    expect(parseRoute(moving)).toMatchObject({ kind: 'retry', status: '4.3.2' })
    const nowhere = await slot({ name: 'old', state: 'at-source' }, null)
    expect(parseRoute(nowhere)).toMatchObject({ kind: 'retry', why: 'old has no mail host' })
    expect(await slot(undefined)).toBe(HERE)
  })

  it('of a guest leads there, and here once the domain is', async () => {
    const guest = guestId({ local: 'ann', domain: 'ours.test' as Domain })
    expect(await slot({ name: 'old', state: 'at-source' }, '[old.test]:25', guest)).toBe(
      '[old.test]',
    )
    expect(await slot(undefined, null, guest)).toBe(HERE)
  })

  it('of others is as ever, and nobody is read for it', async () => {
    const slotOf = withSources(async ({ address }) => `usual ${address}`, {
      accounts: { byId: () => Promise.reject(new Error('read')) },
      sources: { get: () => Promise.reject(new Error('read')) },
      resolve: () => Promise.reject(new Error('read')),
    })
    expect(await slotOf({ address: 'x@far.test', sender: '' })).toBe('usual x@far.test')
    expect(await slotOf({ address: 'x@far.test', sender: '', accountId: null })).toBe(
      'usual x@far.test',
    )
  })

  it('that leads here is no route that could be read as one', () => {
    expect(parseRoute(HERE)).toBeTypeOf('string')
    expect(placeOf(HERE)).toEqual({ destination: { kind: 'local' }, unreserved: true })
    expect(placeOf('far.test')).toEqual({
      destination: { kind: 'remote', slot: 'far.test' },
      unreserved: false,
    })
  })
})
