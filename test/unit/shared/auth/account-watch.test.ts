import { describe, expect, it } from 'vitest'
import {
  createAccountWatch,
  LOOK_INTERVAL_MS,
  LOOK_INTERVAL_WITHOUT_HINTS_MS,
} from '#shared/auth/account-watch.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import { noFactors } from '#shared/directory/factors.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

function open({ hinted = true }: { hinted?: boolean } = {}) {
  const records = new Map<string, { enabled: boolean; sessionsEpoch: number }>()
  const listeners = new Map<string, Set<(hint: string) => void>>()
  const sleeps: { readonly ms: number; readonly wake: () => void }[] = []
  const counts = { reads: 0, subscriptions: 0 }
  const world = {
    records,
    sleeps,
    counts,
    failing: false,
    guests: undefined as AtSource | undefined,
  }
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        sleeps.push({ ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const watch = createAccountWatch({
    accounts: {
      async byId(id) {
        counts.reads += 1
        if (world.failing) throw new Error('away')
        return records.get(id) as AccountRecord | undefined
      },
    },
    sources: { ofGuest: async () => world.guests },
    hints: hinted
      ? {
          async subscribe(topic, listener) {
            counts.subscriptions += 1
            const all = listeners.get(topic) ?? new Set()
            listeners.set(topic, all.add(listener))
            return { close: async () => void all.delete(listener) }
          },
        }
      : undefined,
    factors: { of: async () => noFactors },
    settings: { passwordWithSecondFactor: false },
    clock,
    log: silentLog,
  })
  return {
    ...world,
    fail: (failing: boolean) => void (world.failing = failing),
    guestsAre: (at: AtSource | undefined) => void (world.guests = at),
    async hintGuests(domain: string) {
      for (const listener of listeners.get(`guests/${domain}`) ?? []) listener('')
      await settled()
    },
    async guest(login: string, source: AtSource) {
      const state = { ended: 0 }
      const account = { ...{ id: 'guest-a' as AccountId, login, sessionsEpoch: 0 }, source }
      const place = { service: 'imap', remoteAddress: '192.0.2.1' } as const
      watch.watch({ ...account, isGuest: true }, () => void (state.ended += 1), place)
      await settled()
      return state
    },
    listening: (id: string) => listeners.get(`login/${id}`)?.size ?? 0,
    async hint(id: string) {
      for (const listener of listeners.get(`login/${id}`) ?? []) listener('')
      await settled()
    },
    async session(id: string, sessionsEpoch = 0) {
      const state = { ended: 0 }
      const account = { id: id as AccountId, login: id, sessionsEpoch }
      const place = { service: 'imap', remoteAddress: '192.0.2.1' } as const
      const watching = watch.watch(account, () => void (state.ended += 1), place)
      await settled()
      return { state, close: () => watching.close() }
    },
  }
}

const enabled = { enabled: true, sessionsEpoch: 0 }

describe('sessions of an account', () => {
  it.each([
    ['is disabled', { enabled: false, sessionsEpoch: 1 }],
    ['is gone', undefined],
    ['has another password', { enabled: true, sessionsEpoch: 1 }],
    ['was disabled and is enabled again', { enabled: true, sessionsEpoch: 1 }],
  ])('end, once each, with a hint, when it %s', async (_, now) => {
    const world = open()
    world.records.set('a', enabled)
    world.records.set('b', enabled)
    const [one, two, other] = [
      await world.session('a'),
      await world.session('a'),
      await world.session('b'),
    ]
    if (now === undefined) world.records.delete('a')
    else world.records.set('a', now)
    await world.hint('a')
    await world.hint('a')
    expect([one.state.ended, two.state.ended, other.state.ended]).toEqual([1, 1, 0])
    expect(world.listening('a')).toBe(0)
  })

  it('of a guest end when he is none any more, or at another server', async () => {
    const world = open()
    const at = { name: 'old', state: 'at-source' } as const
    world.guestsAre(at)
    const first = await world.guest('ann@ours.test', at)
    await world.hintGuests('ours.test')
    expect(first.ended).toBe(0)
    world.guestsAre({ ...at, name: 'other' })
    await world.hintGuests('ours.test')
    expect(first.ended).toBe(1)
    const second = await world.guest('ann@ours.test', { ...at, name: 'other' })
    world.guestsAre(undefined)
    await world.hintGuests('ours.test')
    expect([first.ended, second.ended]).toEqual([1, 1])
  })

  it('go on when the hint tells of nothing that ends them', async () => {
    const world = open()
    world.records.set('a', enabled)
    const session = await world.session('a')
    await world.hint('a')
    expect(session.state.ended).toBe(0)
  })

  it('end at once when the account had changed before they were watched', async () => {
    const world = open()
    world.records.set('a', { enabled: true, sessionsEpoch: 3 })
    expect((await world.session('a', 2)).state.ended).toBe(1)
    expect((await world.session('a', 3)).state.ended).toBe(0)
  })

  it('share one subscription, which goes with the last of them', async () => {
    const world = open()
    world.records.set('a', enabled)
    const [one, two] = [await world.session('a'), await world.session('a')]
    expect(world.counts.subscriptions).toBe(1)
    one.close()
    await settled()
    expect(world.listening('a')).toBe(1)
    two.close()
    two.close()
    await settled()
    expect(world.listening('a')).toBe(0)
    world.records.delete('a')
    await world.hint('a')
    expect([one.state.ended, two.state.ended]).toEqual([0, 0])
  })

  it.each([
    ['a minute after a hint that was lost', true, LOOK_INTERVAL_MS],
    ['within seconds where there are no hints', false, LOOK_INTERVAL_WITHOUT_HINTS_MS],
  ])('end %s', async (_, hinted, everyMs) => {
    const world = open({ hinted })
    world.records.set('a', enabled)
    const session = await world.session('a')
    world.records.delete('a')
    expect(world.sleeps.map(({ ms }) => ms)).toEqual([everyMs])
    world.sleeps[0]?.wake()
    await settled()
    expect(session.state.ended).toBe(1)
  })

  it('are looked at again when the directory did not answer', async () => {
    const world = open()
    world.records.set('a', enabled)
    const session = await world.session('a')
    world.records.delete('a')
    world.fail(true)
    await world.hint('a')
    expect(session.state.ended).toBe(0)
    world.fail(false)
    world.sleeps[0]?.wake()
    await settled()
    expect(session.state.ended).toBe(1)
  })
})
