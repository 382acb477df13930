import { describe, expect, it } from 'vitest'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { groupOf, type NewGroup, ofBoundedSize } from '#shared/queue/new-groups.ts'

const recipients = (count: number): FinalRecipient[] =>
  Array.from({ length: count }, (_, n) => ({
    address: `${n}@example.test`,
    accountId: null,
    extension: null,
    original: `${n}@example.test`,
    notify: [],
    originalRecipient: null,
  }))
const remote = (slot: string): NewGroup => ({
  destination: { kind: 'remote', slot },
  recipients: recipients(1),
  state: { kind: 'waiting' },
})

describe('new groups', () => {
  it.each([
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])('of %i recipients here have %j', (count, sizes) => {
    const given = recipients(count)
    const groups = ofBoundedSize({
      destination: { kind: 'local' },
      recipients: given,
      state: { kind: 'waiting' },
    })
    expect(groups.map((group) => group.recipients.length)).toEqual(sizes)
    expect(groups.flatMap((group) => group.recipients)).toEqual(given)
  })

  it('have names that are keys however long the next hop is, and tell them apart', () => {
    const facts = { queueId: 'Q' as QueueId, split: 's', nowMs: 0 }
    const hop = 'h'.repeat(2_000)
    const names = [0, 1].map((n) => groupOf(remote(hop), { ...facts, n }).name)
    expect(names).toEqual([`${'h'.repeat(200)}/0.s`, `${'h'.repeat(200)}/1.s`])
    const { name, destination } = groupOf(remote('a.test'), { ...facts, n: 0, split: null })
    expect({ name, destination }).toEqual({
      name: 'a.test/0',
      destination: { kind: 'remote', slot: 'a.test' },
    })
  })
})
