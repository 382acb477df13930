import { describe, expect, it } from 'vitest'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { REACHED_MAX, Reached, reachedBy } from '#shared/queue/reached.ts'

const away: FinalRecipient = {
  address: 'far@away.test',
  accountId: null,
  extension: null,
  original: 'list@example.test',
  notify: [],
  originalRecipient: null,
}
const here = { ...away, address: 'ann@example.test', accountId: 'a1' as AccountId }

describe('whom a message reached', () => {
  it('is known by where the delivery goes', async () => {
    const reached = new Reached(await reachedBy([away, here, { ...here, extension: 'x' }]))
    expect(reached.size).toBe(3)
    for (const [recipient, known] of [
      [away, true],
      [{ ...away, original: 'other@example.test' }, true],
      [{ ...away, address: 'near@away.test' }, false],
      // An account is one, whatever its addresses, and each folder in it is another place.
      [{ ...here, address: 'anna@example.test' }, true],
      [{ ...here, extension: 'x' }, true],
      [{ ...here, extension: 'y' }, false],
      [{ ...here, accountId: 'a2' as AccountId }, false],
    ] as const) {
      expect(reached.has(recipient), JSON.stringify(recipient)).toBe(known)
    }
  })

  it('is known of REACHED_MAX, and not of more', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...away, address: `${n}@away.test` }))
    const bytes = await reachedBy(many(REACHED_MAX))
    expect(new Reached(bytes).size).toBe(REACHED_MAX)
    expect(await reachedBy(many(REACHED_MAX + 1))).toBeUndefined()
  })
})
