import { describe, expect, it } from 'vitest'
import type { Origin } from '#shared/contracts/spool.ts'
import { createCleanEnvelope } from '#shared/queue/clean-envelope.ts'
import { envelope, recipient } from '#test/support/content.ts'
import { origin } from '#test/support/pipeline.ts'

const copies = new Map([['boss@x.test', ['archive@arch.test', 'Ann@example.test']]])

const clean = createCleanEnvelope({
  envelope: async (_role, address) => (address === 'old@x.test' ? 'boss@x.test' : address),
  copiesOf: async (sender) => copies.get(sender) ?? [],
})

const cleaned = (sender: string, listener: Origin['listener'] = 'smtp') =>
  clean({ envelope: { ...envelope, sender }, origin: { ...origin(null), listener } })

describe('the envelope of a message that is taken', () => {
  it('has its sender rewritten, and copies by that; nobody is told of them', async () => {
    expect(await cleaned('old@x.test')).toEqual({
      ...envelope,
      sender: 'boss@x.test',
      recipients: [
        // Who is a recipient anyhow gets it once.
        ...[recipient('ann@example.test'), recipient('bob@example.test')],
        { ...recipient('archive@arch.test'), notify: ['NEVER'] },
      ],
    })
  })

  it('stays the very same where nothing is to be done', async () => {
    const given = { envelope, origin: origin(null) }
    expect(await clean(given)).toBe(envelope)
  })

  it('stays when it comes back from a filter: all that was done when it came', async () => {
    const back = await cleaned('old@x.test', 'reinjection')
    expect(back).toEqual({ ...envelope, sender: 'old@x.test' })
  })
})
