import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changedRuns, type Run } from '#shared/storage/embedded/changed-runs.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('changedRuns', () => {
  let opened: OpenedEmbedded

  beforeEach(async () => {
    opened = await openEmbedded()
  })
  afterEach(() => opened.close())

  const key = (n: number) => ({ pk: `P#${n % 7}`, sk: String(n).padStart(5, '0') })
  const put = (n: number, value: number) => ({ put: { ...key(n), value } })
  const name = ({ pk, sk }: { readonly pk: string; readonly sk: string }) => `${pk}\0${sk}`

  async function runs(known: Map<string, string>): Promise<readonly Run[]> {
    await using view = opened.store.view()
    return await Array.fromAsync(changedRuns(view.entries('mail'), known))
  }

  /** What somebody knows who puts each run in the place of what he knew there. */
  function takeOver(into: Map<string, unknown>, changed: readonly Run[]): void {
    for (const { from, to, items } of changed) {
      for (const one of [...into.keys()]) {
        const isBehind = from === undefined || one >= name(from)
        if (isBehind && (to === undefined || one < name(to))) into.delete(one)
      }
      for (const item of items) into.set(name(item), item.value)
    }
  }

  async function all(): Promise<ReadonlyMap<string, unknown>> {
    await using view = opened.store.view()
    const items = await Array.fromAsync(view.items('mail'))
    return new Map(items.map((item) => [name(item), item.value]))
  }

  it('is all at first, and then nothing', async () => {
    await opened.store.tables.mail.batchWrite(Array.from({ length: 3_000 }, (_, n) => put(n, n)))
    const known = new Map<string, string>()
    const first = await runs(known)
    expect(first.flatMap(({ items }) => items)).toHaveLength(3_000)
    expect(first.length).toBeGreaterThan(3)
    expect(await runs(known)).toEqual([])
  })

  it('is little after a little change', async () => {
    await opened.store.tables.mail.batchWrite(Array.from({ length: 5_000 }, (_, n) => put(n, n)))
    const known = new Map<string, string>()
    await runs(known)
    await opened.store.tables.mail.batchWrite([put(77, -1)])
    const changed = await runs(known)
    expect(changed).toHaveLength(1)
    expect(changed[0]?.items.length).toBeLessThan(2_049)
  })

  it('makes whoever takes it over know all, whatever was put and deleted in between', async () => {
    const numbers = fc.array(fc.nat({ max: 4_000 }), { maxLength: 30 })
    const spans = fc.record({ from: fc.nat({ max: 4_000 }), length: fc.nat({ max: 900 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ put: numbers, gone: numbers, span: spans }), { maxLength: 6 }),
        async (steps) => {
          const known = new Map<string, string>()
          const into = new Map<string, unknown>()
          const { mail } = opened.store.tables
          await mail.batchWrite(Array.from({ length: 2_000 }, (_, n) => put(n, n)))
          for (const [i, { put: some, gone, span }] of steps.entries()) {
            takeOver(into, await runs(known))
            expect(into).toEqual(await all())
            await mail.batchWrite(some.map((n) => put(n, 10_000 + i)))
            await mail.batchWrite(gone.map((n) => ({ delete: key(n) })))
            const { from, length } = span
            await mail.batchWrite(Array.from({ length }, (_, n) => ({ delete: key(from + n) })))
          }
          takeOver(into, await runs(known))
          expect(into).toEqual(await all())
        },
      ),
      { numRuns: 12 },
    )
  }, 60_000)
})
