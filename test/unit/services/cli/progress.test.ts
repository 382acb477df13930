import { describe, expect, it } from 'vitest'
import { showProgress } from '#services/cli/progress.ts'

describe('progress', () => {
  it('tells how fast it goes and what is left, once that can be told', () => {
    let nowMs = 0
    const said: string[] = []
    const person = { ask: async () => '', askHidden: async () => new Uint8Array() }
    const say = (text: string) => void said.push(text)
    const progress = showProgress({ say, person, columns: 120 }, 'copying', 100, {
      now: () => nowMs,
    })
    progress.step()
    expect(said.at(-1)).toMatch(/1% 1\/100$/)
    nowMs = 20_000
    for (let i = 0; i < 9; i++) progress.step()
    expect(said.at(-1)).toMatch(/10% 10\/100 0\.5\/s, 3 min 0 s left$/)
    nowMs = 30_000
    for (let i = 0; i < 90; i++) progress.step()
    expect(said.at(-1)).toMatch(/100% 100\/100 3\.3\/s, 0 s left$/)
  })

  it('is for a person at a terminal alone', () => {
    const said: string[] = []
    const say = (text: string) => void said.push(text)
    showProgress({ say, person: undefined, columns: 80 }, 'copying', 1).step()
    expect(said).toEqual([])
  })
})
