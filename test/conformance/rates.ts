// What rates and suspicion promise, on any driver's Table: their conditions hold wherever they are written.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSuspicion } from '#shared/auth/suspicion.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { newAccountId } from '#shared/directory/account-id.ts'
import { createRates } from '#shared/rates/rates.ts'
import { createSharedBuckets } from '#shared/rates/shared-buckets.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Table } from '#shared/storage/ports.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { type Open, unique } from '#test/support/storage.ts'

const MINUTE = 60_000
const rate = { name: 'messages', capacity: 100, perMs: MINUTE }
const TOKEN_US = 600_000

export function describeRates(driver: string, open: Open): void {
  describe(`${driver}: rates`, () => {
    let counters: Table
    let close: () => Promise<void>
    // True to the table's own clock, which takes away what is over.
    const clock = new ManualClock(Date.now())

    beforeAll(async () => {
      const opened = await open()
      close = opened.close
      counters = opened.store.tables.counters
    })
    afterAll(async () => await close())

    it('add up what several processes take at once', async () => {
      const key = unique()
      const processes = Array.from({ length: 8 }, () => createSharedBuckets(counters, clock))
      await Promise.all(processes.map((buckets) => buckets.add(rate, key, 5)))
      const fullAtUs = await createSharedBuckets(counters, clock).add(rate, key, 0)
      expect(fullAtUs - clock.now() * 1_000).toBe(40 * TOKEN_US)
    })

    it('take nothing of what is overdrawn, and begin anew when it is full', async () => {
      const key = unique()
      const buckets = createSharedBuckets(counters, clock)
      await buckets.add(rate, key, 90)
      await buckets.add(rate, key, 20)
      expect((await buckets.add(rate, key, 5)) - clock.now() * 1_000).toBe(110 * TOKEN_US)
      await clock.advance(2 * MINUTE)
      expect((await buckets.add(rate, key, 1)) - clock.now() * 1_000).toBe(TOKEN_US)
    })

    it('know a domain that was written to, and freeze who writes to too many others', async () => {
      const frozen: AccountId[] = []
      const process = () =>
        createSuspicion({
          accounts: { freeze: async (id) => frozen.push(id) > 0 },
          counters,
          rates: createRates({
            shared: createSharedBuckets(counters, clock),
            clock,
            log: silentLog,
          }),
          settings: {
            compromisedAccountAction: 'freeze',
            accountNewDestinationLimit: 2,
            accountBounceLimit: 2,
            accountCountryLimit: 1,
            accountSuspicionWindow: MINUTE,
          },
          clock,
          log: silentLog,
        })
      const alice = { id: newAccountId(), login: 'alice@example.test' }
      for (let i = 0; i < 3; i++)
        await process().noteRecipients(alice, ['a@one.test', 'b@two.test'])
      expect(frozen).toEqual([])
      expect(await process().noteRecipients(alice, ['c@three.test'])).toBe(true)
      await process().noteCountry(alice, 'DE')
      await process().noteCountry(alice, 'FR')
      expect(frozen).toEqual([alice.id, alice.id])
      await process().forget(alice.id)
      await process().noteCountry(alice, 'FR')
      expect(await process().noteRecipients(alice, ['d@four.test', 'a@one.test'])).toBe(false)
    })
  })
}
