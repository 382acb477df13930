import { describe, expect, it } from 'vitest'
import { createWorkLimit, type WorkLimits } from '#shared/auth/work-limit.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

const limits = {
  runningMax: 2,
  runningPerAccountMax: 2,
  waitingMax: 3,
  waitingPerClientMax: 2,
  waitingPerAccountMax: 3,
}

/** Starts work that ends when told. */
function bench(changes: Partial<WorkLimits> = {}) {
  const limit = createWorkLimit({ ...limits, ...changes })
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const run = (name: string, client = 'c', account = 'a') =>
    limit.run({ client, account }, async (waited) => {
      started.push(name)
      await new Promise<void>((resolve) => ends.set(name, resolve))
      return { name, waited }
    })
  return { limit, started, run, end: (name: string) => ends.get(name)?.() }
}

describe('work limit', () => {
  it('runs so many at a time and the others in order', async () => {
    const { started, run, end } = bench()
    const a = run('a')
    const b = run('b')
    const c = run('c')
    const d = run('d', 'other')
    expect(started).toEqual(['a', 'b'])
    end('b')
    expect(await b).toEqual({ name: 'b', waited: false })
    await Promise.resolve()
    expect(started).toEqual(['a', 'b', 'c'])
    end('a')
    await a
    end('c')
    expect(await c).toEqual({ name: 'c', waited: true })
    end('d')
    await d
    expect(started).toEqual(['a', 'b', 'c', 'd'])
  })

  it('refuses more waiting than the maximum, and takes more when there is room again', async () => {
    const { run, end } = bench()
    const running = [run('a'), run('b')]
    const waiting = [run('c', '1'), run('d', '2'), run('e', '3')]
    await expect(run('f', '4')).rejects.toBeInstanceOf(TemporaryFailure)
    end('a')
    await running[0]
    waiting.push(run('g', '4'))
    for (const name of ['b', 'c', 'd', 'e', 'g']) {
      end(name)
      await new Promise(setImmediate)
    }
    expect((await Promise.all(waiting)).map(({ name }) => name)).toEqual(['c', 'd', 'e', 'g'])
  })

  it('refuses more waiting than one client may have', async () => {
    const { run, end } = bench()
    const all = [run('a'), run('b'), run('c', 'greedy'), run('d', 'greedy')]
    await expect(run('e', 'greedy')).rejects.toBeInstanceOf(TemporaryFailure)
    all.push(run('f', 'modest'))
    for (const name of ['a', 'b', 'c', 'd', 'f']) {
      end(name)
      await new Promise(setImmediate)
    }
    await Promise.all(all)
  })

  it('refuses more waiting than one account may have, and says so before', async () => {
    const { limit, run, end } = bench({ waitingPerAccountMax: 1 })
    const all = [run('a'), run('b'), run('c', '1')]
    expect(limit.hasRoom({ client: '2', account: 'a' })).toBe(false)
    await expect(run('d', '2')).rejects.toBeInstanceOf(TemporaryFailure)
    expect(limit.hasRoom({ client: '2', account: 'other' })).toBe(true)
    all.push(run('e', '2', 'other'))
    for (const name of ['a', 'b', 'c', 'e']) {
      end(name)
      await new Promise(setImmediate)
    }
    await Promise.all(all)
  })

  it('gives the place on when work fails', async () => {
    const { limit } = bench()
    const failing = () =>
      limit.run({ client: 'c', account: 'a' }, () => Promise.reject(new Error('no')))
    const outcomes = await Promise.allSettled([failing(), failing(), failing()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await limit.run({ client: 'c', account: 'a' }, async () => 'ran')).toBe('ran')
  })

  it('lets no account have more than its share, and nobody else wait for it', async () => {
    const { started, run, end } = bench({ runningPerAccountMax: 1 })
    const all = [run('a1', '1', 'alice'), run('a2', '2', 'alice'), run('b1', '3', 'bob')]
    expect(started).toEqual(['a1', 'b1'])
    end('b1')
    await new Promise(setImmediate)
    expect(started).toEqual(['a1', 'b1'])
    end('a1')
    await new Promise(setImmediate)
    expect(started).toEqual(['a1', 'b1', 'a2'])
    end('a2')
    await Promise.all(all)
  })

  it('serves accounts in turn, however much one of them has waiting', async () => {
    const one = { runningMax: 1, waitingMax: 9, waitingPerClientMax: 9 }
    const { started, run, end } = bench(one)
    const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']
    const all = names.map((name) => run(name, 'c', name.slice(0, 1)))
    for (let i = 0; i < names.length; i += 1) {
      end(started[i] ?? '')
      await new Promise(setImmediate)
    }
    await Promise.all(all)
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })
})
