// Whose turn it is: between transports, destinations, senders, letters and bulk.

import { describe, expect, it } from 'vitest'
import {
  ActiveSet,
  HANGS_MS,
  type Limits,
  SLOW_MS,
  SLOW_PER_PROCESS_MAX,
} from '#services/delivery/queue-manager/active-set.ts'
import type { DestinationLimits } from '#services/delivery/queue-manager/concurrency.ts'
import {
  type Job,
  LETTERS_IN_A_ROW_MAX,
  LETTERS_PER_SENDER_MAX,
  LOCAL,
} from '#services/delivery/queue-manager/destination.ts'

const one = { base: 1, per: 'one' } as const
const limits: DestinationLimits = {
  initial: 5,
  concurrency: 20,
  positiveFeedback: one,
  negativeFeedback: one,
  failedCohortLimit: 1,
  rateDelayMs: 0,
  deadMs: 300_000,
}
const reached = { kind: 'reached' } as const
const unreachable = { kind: 'unreachable', reply: 'connect to a.test: refused' } as const

function setWith({
  destination = {},
  processes = 100,
  activeMax = 1_000,
}: {
  destination?: Partial<DestinationLimits>
  processes?: number
  activeMax?: number
} = {}) {
  const given: Limits = {
    activeMax: () => activeMax,
    transportOf: (slot) => (slot === LOCAL ? 'local' : 'smtp'),
    processesOf: () => processes,
    destinationOf: () => ({ ...limits, ...destination }),
  }
  return new ActiveSet(given)
}

let made = 0
function job(slot: string, facts: Partial<Job> = {}): Job {
  return { bell: `Q group/${made++}`, slot, sender: 'ann@here.test', isLetter: false, ...facts }
}

/** All that may begin now. */
function startAll(set: ActiveSet, nowMs = 0): Job[] {
  const started: Job[] = []
  for (let next = set.next(nowMs); next; next = set.next(nowMs)) started.push(next)
  return started
}

/** Who is put off with it. */
function endUnreachable(set: ActiveSet, ended: Job): Job[] {
  set.end(ended, unreachable, 1)
  return set.takeSuspended().map(({ job: one }) => one)
}

const slotsOf = (jobs: readonly Job[]) => jobs.map(({ slot }) => slot)
const sendersOf = (jobs: readonly Job[]) => jobs.map(({ sender }) => sender)

describe('the active set', () => {
  it('has a group once, until it is done with', () => {
    const set = setWith()
    const first = job('a.test')
    expect(set.add(first, 0)).toEqual({ kind: 'waits' })
    expect(set.add({ ...first }, 0)).toEqual({ kind: 'known' })
    expect(startAll(set)).toEqual([first])
    expect(set.add(first, 0)).toEqual({ kind: 'known' })
    set.end(first, reached, 1)
    expect(set.add(first, 2)).toEqual({ kind: 'waits' })
  })

  it('gives destinations their turns one after the other, however much waits for each', () => {
    const set = setWith({ processes: 6 })
    for (let n = 0; n < 100; n++) set.add(job('big.test'), 0)
    for (const slot of ['a.test', 'b.test']) for (let n = 0; n < 2; n++) set.add(job(slot), 0)
    expect(slotsOf(startAll(set))).toEqual([
      'big.test',
      'a.test',
      'b.test',
      'big.test',
      'a.test',
      'b.test',
    ])
  })

  it('gives senders their turns within a destination', () => {
    const set = setWith({ destination: { initial: 6 } })
    for (let n = 0; n < 100; n++) set.add(job('a.test', { sender: 'list' }), 0)
    set.add(job('a.test', { sender: 'bob' }), 0)
    set.add(job('a.test', { sender: 'eve' }), 0)
    expect(sendersOf(startAll(set)).slice(0, 4)).toEqual(['list', 'bob', 'eve', 'list'])
  })

  it('lets a letter go before bulk that came first, its own sender’s too', () => {
    const set = setWith({ destination: { initial: 1 } })
    for (let n = 0; n < 100; n++) set.add(job('a.test'), 0)
    const letter = job('a.test', { isLetter: true })
    set.add(letter, 0)
    expect(startAll(set)).toEqual([letter])
  })

  it('lets bulk have its turn after some letters', () => {
    const set = setWith({ destination: { initial: 100 } })
    for (let n = 0; n < 3; n++) set.add(job('a.test', { sender: 'bulk' }), 0)
    for (let n = 0; n < 40; n++) set.add(job('a.test', { sender: `${n % 20}`, isLetter: true }), 0)
    const at = sendersOf(startAll(set)).flatMap((sender, i) => (sender === 'bulk' ? [i] : []))
    const row = LETTERS_IN_A_ROW_MAX
    expect(at).toEqual([row, 2 * row + 1, 3 * row + 2])
  })

  it('takes for letters only some of one sender', () => {
    const set = setWith({ destination: { initial: 100 } })
    const more = LETTERS_PER_SENDER_MAX + 3
    for (let n = 0; n < more; n++) set.add(job('a.test', { sender: 'list', isLetter: true }), 0)
    for (let n = 0; n < 3; n++) set.add(job('a.test', { sender: 'bob' }), 0)
    // What is more stands in a row with bulk of others.
    const row = LETTERS_PER_SENDER_MAX
    expect(sendersOf(startAll(set)).slice(row)).toEqual([
      ...['list', 'bob', 'list', 'bob', 'list', 'bob'],
    ])
  })

  it('starts as many as a transport has room for, and folders here beside them', () => {
    const set = setWith({ processes: 3 })
    for (let n = 0; n < 10; n++) {
      set.add(job(`${n}.test`), 0)
      set.add(job(''), 0)
    }
    const started = slotsOf(startAll(set))
    expect(started.filter((slot) => slot === '')).toHaveLength(3)
    expect(started).toHaveLength(6)
  })

  it('gives the room of a delivery that takes long to another one, but not of endlessly many', () => {
    const set = setWith({ processes: 2 })
    for (let n = 0; n < 100; n++) set.add(job(`${n}.test`), 0)
    expect(startAll(set, 0)).toHaveLength(2)
    expect(set.wakeMs).toBe(SLOW_MS)
    expect(startAll(set, SLOW_MS - 1)).toHaveLength(0)
    let nowMs = 0
    for (let round = 1; round <= SLOW_PER_PROCESS_MAX; round++) {
      nowMs += SLOW_MS
      expect(startAll(set, nowMs)).toHaveLength(2)
    }
    expect(startAll(set, nowMs + SLOW_MS)).toHaveLength(0)
    // Nothing but an end makes room then, and nobody wakes for it in vain.
    startAll(set, nowMs + HANGS_MS)
    expect(set.wakeMs).toBeGreaterThan(nowMs + HANGS_MS)
  })

  it('does not try what waits for a destination that is dead, nor what comes for it', () => {
    const set = setWith()
    const all = Array.from({ length: 14 }, () => job('a.test'))
    for (const one of all) set.add(one, 0)
    const started = startAll(set)
    expect(started).toHaveLength(5)
    const tried = new Set(started)
    const suspended: Job[] = []
    for (const one of started.slice(0, 4)) {
      suspended.push(...endUnreachable(set, one))
      for (const next of startAll(set, 1)) tried.add(next)
    }
    // As Postfix: 14 in the queue, 4 failures, and what is not under way is put off.
    expect(suspended).toHaveLength(14 - tried.size)
    expect(set.add(job('a.test'), 2)).toEqual({ kind: 'suspended', reason: unreachable.reply })
    expect(set.add(job('b.test'), 2)).toEqual({ kind: 'waits' })
    expect(set.add(job('a.test'), 300_001)).toEqual({ kind: 'waits' })
  })

  describe('a destination that hangs', () => {
    /** Five are under way, and nobody says a word to them. */
    function hanging() {
      const set = setWith({ processes: 10 })
      for (let n = 0; n < 20; n++) set.add(job('hung.test'), 0)
      const started = startAll(set, 0)
      expect(started).toHaveLength(5)
      startAll(set, SLOW_MS)
      expect(set.wakeMs).toBe(HANGS_MS)
      startAll(set, HANGS_MS - 1)
      expect(set.takeSuspended()).toEqual([])
      startAll(set, HANGS_MS)
      return { set, started }
    }
    const hung = 'hung.test keeps deliveries waiting without an answer'

    it('has its mail put off, and what comes for it', () => {
      const { set, started } = hanging()
      const suspended = set.takeSuspended()
      expect(suspended).toHaveLength(15)
      expect(suspended[0]?.reason).toBe(hung)
      expect(set.size).toBe(started.length)
      expect(set.add(job('hung.test'), HANGS_MS)).toEqual({ kind: 'suspended', reason: hung })
    })

    it('is dead with the next that does not get through, and then is tried by one at a time', () => {
      const { set, started } = hanging()
      set.takeSuspended()
      for (const one of started) set.end(one, unreachable, 60_000)
      expect(set.add(job('hung.test'), 60_001)).toMatchObject({ reason: unreachable.reply })
      const backMs = 60_000 + limits.deadMs
      const probe = job('hung.test')
      expect(set.add(probe, backMs)).toEqual({ kind: 'waits' })
      expect(set.add(job('hung.test'), backMs)).toEqual({ kind: 'suspended', reason: hung })
      expect(startAll(set, backMs)).toEqual([probe])
      set.end(probe, reached, backMs + 1)
      for (let n = 0; n < 3; n++) expect(set.add(job('hung.test'), backMs + 2).kind).toBe('waits')
    })

    it('is forgotten when it is over', () => {
      const { set, started } = hanging()
      for (const one of started) set.end(one, undefined, HANGS_MS)
      expect(set.destinations).toBe(1)
      startAll(set, HANGS_MS + limits.deadMs)
      expect(set.destinations).toBe(0)
    })

    it('is none where others get through, however long one takes', () => {
      const set = setWith()
      const [large, small] = [job('a.test'), job('a.test')]
      set.add(large, 0)
      set.add(small, 0)
      startAll(set, 0)
      set.end(small, reached, 1_000)
      startAll(set, SLOW_MS)
      startAll(set, HANGS_MS)
      expect(set.add(job('a.test'), HANGS_MS)).toEqual({ kind: 'waits' })
    })

    it('is not what keeps folders here waiting', () => {
      const set = setWith({ destination: { concurrency: 0, initial: 100 } })
      set.add(job(LOCAL), 0)
      startAll(set, 0)
      startAll(set, SLOW_MS)
      set.add(job(LOCAL), SLOW_MS)
      expect(startAll(set, SLOW_MS)).toHaveLength(1)
      startAll(set, 2 * HANGS_MS)
      expect(set.takeSuspended()).toEqual([])
    })

    it('gets no more mail while it is not known whether it does', () => {
      const set = setWith()
      set.add(job('a.test'), 0)
      const [first] = startAll(set, 0)
      startAll(set, SLOW_MS)
      set.add(job('a.test'), SLOW_MS)
      expect(startAll(set, SLOW_MS)).toEqual([])
      if (first) set.end(first, reached, SLOW_MS + 5_000)
      expect(startAll(set, SLOW_MS + 5_000)).toHaveLength(1)
    })

    it('is tried for an operator', () => {
      const { set } = hanging()
      set.takeSuspended()
      set.revive('hung.test', HANGS_MS)
      expect(set.add(job('hung.test'), HANGS_MS)).toEqual({ kind: 'waits' })
    })

    it('does not take the room of others to find out whether it still does', () => {
      const { set, started } = hanging()
      for (const one of started) set.end(one, unreachable, HANGS_MS)
      const backMs = HANGS_MS + limits.deadMs
      const others = Array.from({ length: 10 }, (_, n) => job(`${n}.test`))
      for (const one of others) set.add(one, backMs)
      const probe = job('hung.test')
      set.add(probe, backMs)
      expect(new Set(startAll(set, backMs))).toEqual(new Set([probe, ...others]))
    })
  })

  it('forgets a destination with the last of its mail: what goes singly is always tried', () => {
    const set = setWith()
    for (let n = 0; n < 12; n++) {
      const single = job('a.test')
      set.add(single, n)
      expect(startAll(set, n)).toEqual([single])
      set.end(single, unreachable, n)
      expect(set.takeSuspended()).toEqual([])
      expect(set.destinations).toBe(0)
    }
  })

  it('tries again what an operator wants to be tried', () => {
    const set = setWith({ destination: { initial: 1 } })
    const first = job('a.test')
    set.add(first, 0)
    startAll(set)
    set.end(first, unreachable, 0)
    expect(set.add(job('a.test'), 1).kind).toBe('suspended')
    set.revive('a.test', 2)
    expect(set.add(job('a.test'), 2).kind).toBe('waits')
  })

  it('keeps to a rate delay, and wakes for it', () => {
    const set = setWith({ destination: { rateDelayMs: 1_000 } })
    for (let n = 0; n < 3; n++) set.add(job('a.test'), 0)
    const [first, ...more] = startAll(set)
    expect(more).toEqual([])
    if (first) set.end(first, reached, 200)
    expect(startAll(set, 1_199)).toEqual([])
    expect(set.wakeMs).toBe(1_200)
    expect(startAll(set, 1_200)).toHaveLength(1)
  })

  it('remembers a delay for which nobody waits until it is over', () => {
    const set = setWith({ destination: { rateDelayMs: 1_000 } })
    const first = job('a.test')
    set.add(first, 0)
    startAll(set)
    set.end(first, reached, 0)
    set.add(job('a.test'), 500)
    expect(startAll(set, 500)).toEqual([])
    const [second] = startAll(set, 1_000)
    if (second) set.end(second, reached, 1_000)
    expect(set.next(2_000)).toBeUndefined()
    expect(set.destinations).toBe(0)
  })

  it('leaves room for others beside one destination, and tells it when there is some again', () => {
    const set = setWith({ activeMax: 100 })
    let waits = 0
    while (set.add(job('big.test'), 0).kind === 'waits') waits++
    expect(waits).toBe(50)
    expect(set.room).toBe(50)
    const crowded = set.add(job('big.test'), 0)
    expect(crowded).toMatchObject({ kind: 'crowded' })
    // Each of those who are sent away comes behind the one before.
    const again = [1, 2, 3].map(() => {
      const added = set.add(job('big.test'), 0)
      return added.kind === 'crowded' ? added.againMs : 0
    })
    expect(again).toEqual([...again].sort((a, b) => a - b))
    expect(again[0]).toBeGreaterThanOrEqual(50_000)
    waits = 0
    while (set.add(job('other.test'), 0).kind === 'waits') waits++
    expect(waits).toBe(25)
    expect(set.add(job('third.test'), 0).kind).toBe('waits')
  })

  it('is empty after it is cleared, but for what is under way', () => {
    const set = setWith({ processes: 1 })
    for (let n = 0; n < 10; n++) set.add(job(`${n % 3}.test`), 0)
    const [first] = startAll(set)
    expect(set.clear(0)).toHaveLength(9)
    expect(set.size).toBe(1)
    if (first) set.end(first, reached, 0)
    expect(set.destinations).toBe(0)
    expect(set.next(0)).toBeUndefined()
  })
})
