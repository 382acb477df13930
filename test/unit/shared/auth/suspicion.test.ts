import { describe, expect, it } from 'vitest'
import {
  createSuspicion,
  DESTINATION_KNOWN_DAYS,
  type SuspicionSettings,
} from '#shared/auth/suspicion.ts'
import { watchLogins } from '#shared/auth/watched-logins.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { newAccountId } from '#shared/directory/account-id.ts'
import { createRates } from '#shared/rates/rates.ts'
import { createSharedBuckets } from '#shared/rates/shared-buckets.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Table } from '#shared/storage/ports.ts'
import { countingTable } from '#test/support/counting-table.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'
import { FakeAuthenticator, goodLogin } from '#test/support/smtp-fakes.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const settings: SuspicionSettings = {
  compromisedAccountAction: 'freeze',
  accountNewDestinationLimit: 3,
  accountBounceLimit: 5,
  accountCountryLimit: 2,
  accountSuspicionWindow: HOUR,
}
const alice = { id: newAccountId(), login: 'alice@example.test' }
const at = (...domains: readonly string[]) => domains.map((domain) => `x@${domain}`)

async function open(given: Partial<SuspicionSettings> = {}) {
  const folder = await temporaryFolder()
  const hands = skippingClock()
  const { clock } = hands
  const store = await openEmbeddedStore({ directory: folder.path, clock })
  const log = new MemoryLog()
  const frozen = new Map<AccountId, string>()
  const accounts = {
    async freeze(id: AccountId, reason: string) {
      if (frozen.has(id)) return false
      frozen.set(id, reason)
      return true
    },
  }
  const process = (counters: Table = store.tables.counters) => {
    const rates = createRates({ shared: createSharedBuckets(counters, clock), clock, log })
    const all = { ...settings, ...given }
    return createSuspicion({ accounts, counters, rates, settings: all, clock, log })
  }
  return {
    ...hands,
    log,
    frozen,
    process,
    counters: store.tables.counters,
    logged: (message: string) => log.lines.filter((line) => line.message === message),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('an account that writes to many domains', () => {
  it('is frozen with the first too many that is new, over all processes', async () => {
    await using world = await open()
    expect(await world.process().noteRecipients(alice, at('a.test', 'b.test'))).toBe(false)
    expect(await world.process().noteRecipients(alice, at('A.test', 'c.test'))).toBe(false)
    expect(await world.process().noteRecipients(alice, at('b.test', 'c.test'))).toBe(false)
    expect(await world.process().noteRecipients(alice, at('d.test'))).toBe(true)
    expect([...world.frozen]).toEqual([[alice.id, 'more than 3 new destinations']])
    expect(world.logged('account frozen')[0]?.fields).toEqual({
      accountId: alice.id,
      account: alice.login,
      reason: 'more than 3 new destinations',
    })
  })

  it('may write to those it knows as often as it likes, and to new ones as time goes by', async () => {
    await using world = await open()
    const process = world.process()
    for (let day = 0; day < 4; day++) {
      const three = [0, 1, 2].map((i) => `d${day}-${i}.test`)
      for (let i = 0; i < 5; i++)
        expect(await process.noteRecipients(alice, at(...three))).toBe(false)
      world.advance(DAY)
    }
    const all = [0, 1, 2, 3].flatMap((day) => [0, 1, 2].map((i) => `d${day}-${i}.test`))
    expect(await world.process().noteRecipients(alice, at(...all))).toBe(false)
  })

  it('knows a domain for half a year after it last wrote to it', async () => {
    await using world = await open()
    const three = at('a.test', 'b.test', 'c.test')
    await world.process().noteRecipients(alice, three)
    world.advance((DESTINATION_KNOWN_DAYS / 2 + 1) * DAY)
    await world.process().noteRecipients(alice, three)
    world.advance((DESTINATION_KNOWN_DAYS / 2 + 1) * DAY)
    await world.process().noteRecipients(alice, at('d.test', 'e.test', 'f.test'))
    expect(await world.process().noteRecipients(alice, three)).toBe(false)
    world.advance((DESTINATION_KNOWN_DAYS + 1) * DAY)
    await world.process().noteRecipients(alice, at('g.test', 'h.test', 'i.test'))
    expect(await world.process().noteRecipients(alice, three)).toBe(true)
  })

  it('costs nothing for domains that this process has seen it write to', async () => {
    await using world = await open()
    const { table, take } = countingTable(world.counters)
    const process = world.process(table)
    await process.noteRecipients(alice, at('a.test'))
    expect(take()).toHaveLength(3)
    for (let i = 0; i < 10; i++) await process.noteRecipients(alice, at('a.test', 'a.test'))
    expect(take()).toEqual([])
  })

  it('is only logged unless it is to be frozen, once in a window', async () => {
    await using world = await open({ compromisedAccountAction: 'log' })
    const process = world.process()
    const many = (from: number) => at(...[0, 1, 2, 3].map((i) => `d${from + i}.test`))
    for (const from of [0, 10, 20])
      expect(await process.noteRecipients(alice, many(from))).toBe(false)
    expect(world.frozen.size).toBe(0)
    expect(world.logged('account may be compromised')).toHaveLength(1)
    expect(world.logged('account may be compromised')[0]?.level).toBe('error')
    world.advance(10 * HOUR)
    await process.noteRecipients(alice, many(30))
    expect(world.logged('account may be compromised')).toHaveLength(2)
  })

  it('is not looked at where nobody minds', async () => {
    await using world = await open({ compromisedAccountAction: 'ignore' })
    const { table, take } = countingTable(world.counters)
    await world.process(table).noteRecipients(alice, at('a.test'))
    await world.process(table).noteBounces(alice, 100)
    await world.process(table).noteCountry(alice, 'DE')
    expect(take()).toEqual([])
  })

  it('sends on where it cannot be counted', async () => {
    await using world = await open()
    const failing = new Proxy(world.counters, {
      get: () => () => Promise.reject(new TemporaryFailure('no')),
    })
    const process = world.process(failing)
    expect(await process.noteRecipients(alice, at('a.test', 'b.test', 'c.test', 'd.test'))).toBe(
      false,
    )
    await process.noteBounces(alice, 100)
    await process.noteCountry(alice, 'DE')
    expect(world.frozen.size).toBe(0)
    expect(world.logged('what an account does could not be counted')).toHaveLength(3)
  })
})

describe('an account whose mail is refused', () => {
  it('is frozen with the first recipient too many', async () => {
    await using world = await open()
    await world.process().noteBounces(alice, 3)
    await world.process().noteBounces(alice, 2)
    await world.process().noteBounces(alice, 0)
    expect(world.frozen.size).toBe(0)
    await world.process().noteBounces(alice, 1)
    expect([...world.frozen.values()]).toEqual(['more than 5 recipients refused'])
  })
})

describe('an account that logs in from many countries', () => {
  it('is frozen with the first too many within the window', async () => {
    await using world = await open()
    await world.process().noteCountry(alice, 'DE')
    await world.process().noteCountry(alice, 'FR')
    world.advance(HOUR)
    await world.process().noteCountry(alice, 'CH')
    await world.process().noteCountry(alice, 'AT')
    expect(world.frozen.size).toBe(0)
    await world.process().noteCountry(alice, 'US')
    expect([...world.frozen.values()]).toEqual(['logins from more than 2 countries: AT, CH, US'])
  })

  it('is found out at a login, which does not wait for it', async () => {
    await using world = await open()
    const noted: unknown[] = []
    const watched = watchLogins(new FakeAuthenticator(), {
      countryOf: (address) => (address === '192.0.2.1' ? 'DE' : undefined),
      suspicion: {
        noteCountry(who, country) {
          noted.push([who.login, country])
          return new Promise(() => {})
        },
      },
    })
    const { login } = goodLogin
    const password = Buffer.from(goodLogin.password)
    for (const attempt of [
      { service: 'imap', login, password, remoteAddress: '192.0.2.1' },
      { service: 'imap', login, password, remoteAddress: '198.51.100.1' },
      { service: 'imap', login, password: Buffer.from('x'), remoteAddress: '192.0.2.1' },
    ] as const) {
      await watched.authenticate(attempt)
    }
    expect(noted).toEqual([[login, 'DE']])
    expect(world.frozen.size).toBe(0)
  })
})
