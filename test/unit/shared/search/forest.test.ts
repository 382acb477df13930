import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cut, ForestNode, type Hops, join, rootOf } from '#shared/search/forest.ts'

const nodes = 12

describe('a forest', () => {
  it('knows the roots of trees that are joined and cut', () => {
    const step = fc.record({
      what: fc.constantFrom('join', 'join', 'cut', 'ask'),
      a: fc.nat(nodes - 1),
      b: fc.nat(nodes - 1),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const hops: Hops = { count: 0 }
        const forest = Array.from({ length: nodes }, () => new ForestNode())
        const parents = Array.from({ length: nodes }, (): number | null => null)
        const naiveRoot = (at: number): number => {
          const parent = parents[at]
          return parent === null || parent === undefined ? at : naiveRoot(parent)
        }
        const node = (at: number) => forest[at] ?? new ForestNode()
        for (const { what, a, b } of steps) {
          if (what === 'cut' && parents[a] !== null) {
            cut(node(a), hops)
            parents[a] = null
          }
          // b, a root, below a.
          if (what === 'join' && parents[b] === null && naiveRoot(a) !== b) {
            join(node(a), node(b), hops)
            parents[b] = a
          }
          expect(forest.indexOf(rootOf(node(a), hops))).toBe(naiveRoot(a))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('asks a chain of any length in few hops', () => {
    const hops: Hops = { count: 0 }
    const length = 20_000
    const chain = Array.from({ length }, () => new ForestNode())
    for (let at = 1; at < length; at++) {
      join(chain[at - 1] as ForestNode, chain[at] as ForestNode, hops)
    }
    for (let i = 0; i < length; i++) rootOf(chain[(i * 7_919) % length] as ForestNode, hops)
    expect(hops.count / (2 * length)).toBeLessThan(4 * Math.log2(length))
  })
})
