import { describe, expect, it } from 'vitest'
import { createTurns, SLICE_MS } from '#shared/runtime/turns.ts'

function start() {
  let nowMs = 0
  let callbacks: (() => void)[] = []
  const turns = createTurns({
    now: () => nowMs,
    nextTurn: (callback) => callbacks.push(callback),
  })
  return {
    turns,
    work: (ms: number) => {
      nowMs += ms
    },
    turn: () => {
      const due = callbacks
      callbacks = []
      for (const callback of due) callback()
    },
  }
}

describe('turns', () => {
  it('lets work go on for a slice and then asks everybody to wait for the next turn', async () => {
    const { turns, work, turn } = start()
    expect(turns.step()).toBeUndefined()
    work(SLICE_MS - 1)
    expect(turns.step()).toBeUndefined()
    work(1)
    const first = turns.step()
    const second = turns.step()
    expect(first).toBeInstanceOf(Promise)
    expect(second).toBe(first)
    turn()
    await first
    expect(turns.step()).toBeUndefined()
  })

  it('gives many clients together one slice, not each its own', () => {
    const { turns, work } = start()
    expect(turns.step()).toBeUndefined()
    work(SLICE_MS / 2)
    expect(turns.step()).toBeUndefined()
    work(SLICE_MS / 2)
    expect(turns.step()).toBeInstanceOf(Promise)
  })

  it('begins a new slice with the first work after a turn, however long nothing was done', () => {
    const { turns, work, turn } = start()
    turns.step()
    turn()
    work(1_000)
    expect(turns.step()).toBeUndefined()
    work(SLICE_MS)
    expect(turns.step()).toBeInstanceOf(Promise)
  })
})
