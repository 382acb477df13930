// The active set as a whole: in a simulated world (the large one is `npm run bench -- scheduler`), and bounds that hold for whatever comes.

import { describe, expect, it } from 'vitest'
import { ActiveSet } from '#services/delivery/queue-manager/active-set.ts'
import {
  Destination,
  type Job,
  LETTERS_IN_A_ROW_MAX,
  LETTERS_PER_SENDER_MAX,
} from '#services/delivery/queue-manager/destination.ts'
import { seededRandom } from '#test/support/faults/plan.ts'
import { atOnceMax, simulate, type World } from '#test/support/queue-simulation.ts'
import { runSeed } from '#test/support/seed.ts'

const one = { base: 1, per: 'one' } as const
const limits = {
  initial: 5,
  concurrency: 20,
  positiveFeedback: one,
  negativeFeedback: one,
  failedCohortLimit: 1,
  rateDelayMs: 0,
  deadMs: 300_000,
}

describe('in a simulated world', () => {
  const seed = runSeed
  const world: Omit<World, 'percent' | 'random'> = {
    messages: 12_000,
    destinations: 400,
    arrivalsPerSecond: 100,
    senders: 300,
    bulkPercent: 20,
    processes: 60,
    activeMax: 1_000,
    lifetimeMs: 4 * 3_600_000,
  }
  const none = { refusing: 0, hung: 0, flapping: 0, greylisting: 0 }
  const ill = { refusing: 10, hung: 10, flapping: 10, greylisting: 10 }
  const healthy = simulate({ ...world, percent: none, random: seededRandom(seed) })
  const mixed = simulate({ ...world, percent: ill, random: seededRandom(seed) })

  it('every message comes to an end, and limits hold', () => {
    expect({ seed, ended: healthy.delivered }).toEqual({ seed, ended: world.messages })
    expect({ seed, ended: mixed.delivered + mixed.returned }).toEqual({
      seed,
      ended: world.messages,
    })
    for (const report of [healthy, mixed]) {
      expect(report.mostAtOnceOfOne).toBeLessThanOrEqual(limits.concurrency)
      expect(report.mostAtOnce).toBeLessThanOrEqual(atOnceMax(world.processes))
      expect(report.mostInSet).toBeLessThanOrEqual(world.activeMax)
    }
    expect(healthy.mostAtOnce).toBeLessThanOrEqual(world.processes)
  })

  it('destinations that are dead, hang or flap keep nobody else waiting', () => {
    expect(mixed.suspended).toBeGreaterThan(0)
    const before = healthy.lettersWaitMs
    const { lettersWaitMs, othersWaitMs, bulkWaitMs } = mixed
    expect(lettersWaitMs.p99).toBeLessThanOrEqual(before.p99 + 1_000)
    for (const { most } of [lettersWaitMs, othersWaitMs, bulkWaitMs]) {
      expect({ seed, most: Math.min(most, 15_000) }).toEqual({ seed, most })
    }
  })

  it('what is deferred comes again as the rule says, spread by a fifth', () => {
    const { pauses } = mixed
    expect(pauses.least).toBeGreaterThanOrEqual(0.799)
    expect(pauses.most).toBeLessThanOrEqual(1.201)
    expect(pauses.median).toBeGreaterThan(0.95)
    expect(pauses.median).toBeLessThan(1.05)
  })

  it('memory goes with what is in the set', () => {
    expect(mixed.mostDestinations).toBeLessThanOrEqual(world.destinations + 1)
  })

  it('with less room than mail nothing is lost, and letters go before bulk', () => {
    const crowded = simulate({
      ...world,
      arrivalsPerSecond: 400,
      bulkPercent: 60,
      activeMax: 200,
      percent: none,
      random: seededRandom(seed),
    })
    expect({ seed, delivered: crowded.delivered }).toEqual({ seed, delivered: world.messages })
    expect(crowded.crowded).toBeGreaterThan(0)
    expect(crowded.mostInSet).toBeLessThanOrEqual(200)
    expect(crowded.lettersWaitMs.p99).toBeLessThan(crowded.bulkWaitMs.median)
  })
})

describe('nobody starves', () => {
  /** All that comes and goes by chance, and for each job how many others went between its coming and its going. */
  function overtaken(steps: number, senders: number, random: () => number) {
    const destination = new Destination('a.test', limits)
    const waiting = new Map<
      Job,
      { readonly taken: number; readonly ahead: number; readonly isLetter: boolean }
    >()
    const lanes = new Map<string, number>()
    const worst = { letter: 0, bulk: 0 }
    let taken = 0
    const laneOf = (sender: string, isLetter: boolean) => `${sender} ${isLetter}`
    for (let n = 0; n < steps || waiting.size > 0; n++) {
      if (n < steps && random() < 0.5) {
        const sender = `s${Math.floor(random() ** 2 * senders)}`
        const wants = random() < 0.6
        const letters = lanes.get(laneOf(sender, true)) ?? 0
        const isLetter = wants && letters < LETTERS_PER_SENDER_MAX
        const ahead = lanes.get(laneOf(sender, isLetter)) ?? 0
        const job = { bell: `${n}`, slot: 'a.test', sender, isLetter: wants }
        destination.add(job)
        lanes.set(laneOf(sender, isLetter), ahead + 1)
        waiting.set(job, { taken, ahead, isLetter })
      } else {
        const job = destination.take()
        if (job === undefined) continue
        const facts = waiting.get(job)
        if (facts === undefined) throw new Error('never came')
        waiting.delete(job)
        const lane = laneOf(job.sender, facts.isLetter)
        lanes.set(lane, (lanes.get(lane) ?? 0) - 1)
        const waited = taken - facts.taken
        // In units of turns of all senders: so many of its own sender's were before it, and itself.
        const rounds = waited / ((facts.ahead + 1) * senders)
        const kind = facts.isLetter ? 'letter' : 'bulk'
        worst[kind] = Math.max(worst[kind], rounds)
        taken++
      }
    }
    return worst
  }

  it.each([1, 2, 7, 40])(
    'of %d senders: each has his turn within one round of all, bulk within as many as letters take',
    (senders) => {
      const worst = overtaken(20_000, senders, seededRandom(runSeed))
      // Between two bulk jobs there are at most so many letters, and between so many letters one bulk job.
      const bulkMax = LETTERS_IN_A_ROW_MAX + 1
      const letterMax = 1 + 1 / LETTERS_IN_A_ROW_MAX + 1 / senders
      expect({ seed: runSeed, bulk: Math.min(worst.bulk, bulkMax) }).toEqual({
        seed: runSeed,
        bulk: worst.bulk,
      })
      expect({ seed: runSeed, letter: Math.min(worst.letter, letterMax) }).toEqual({
        seed: runSeed,
        letter: worst.letter,
      })
    },
  )

  it('of the destinations that may start: each has its turn within one round of all', () => {
    const random = seededRandom(runSeed)
    const count = 50
    const set = new ActiveSet({
      activeMax: () => 100_000,
      transportOf: () => 'smtp',
      processesOf: () => 7,
      destinationOf: () => limits,
    })
    const running: Job[] = []
    const lastStart = new Map<string, number>()
    let starts = 0
    let worst = 0
    for (let n = 0; n < 20_000; n++)
      set.add(
        {
          bell: `${n}`,
          slot: `d${Math.floor(random() ** 2 * count)}`,
          sender: 's',
          isLetter: false,
        },
        0,
      )
    for (;;) {
      for (let job = set.next(0); job; job = set.next(0)) {
        // Its window is larger than all that may go at the same time: it is always ready.
        const since = lastStart.get(job.slot)
        if (since !== undefined) worst = Math.max(worst, starts - since)
        lastStart.set(job.slot, starts++)
        running.push(job)
      }
      const at = Math.floor(random() * running.length)
      const [ended] = running.splice(at, 1)
      if (ended === undefined) break
      set.end(ended, { kind: 'reached' }, 0)
    }
    expect(starts).toBe(20_000)
    expect(worst).toBeLessThanOrEqual(count)
  })
})
