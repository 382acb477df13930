import { describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { SourceHost } from '#shared/directory/sources.ts'
import { parseRoute } from '#shared/mail/route.ts'
import { HERE, placeOf } from '#shared/queue/new-groups.ts'
import { withSources } from '#shared/queue/source-slots.ts'

const id = 'ann' as AccountId

function slot(source: AtSource | undefined, smtp: string | null = '[old.test]:25') {
  const slotOf = withSources(async ({ address }) => `usual ${address}`, {
    accounts: { byId: async () => ({ ...(source && { source }) }) as AccountRecord },
    sources: { get: async () => ({ smtp }) as SourceHost },
  })
  return slotOf({ address: 'ann@ours.test', sender: '', accountId: id })
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

  it('of others is as ever, and nobody is read for it', async () => {
    const slotOf = withSources(async ({ address }) => `usual ${address}`, {
      accounts: { byId: () => Promise.reject(new Error('read')) },
      sources: { get: () => Promise.reject(new Error('read')) },
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
