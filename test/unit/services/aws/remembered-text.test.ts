import { describe, expect, it } from 'vitest'
import { rememberedText } from '#services/aws/secrets.ts'

describe('the text of a secret', () => {
  it('is read once in a minute, and another one holds then', async () => {
    let [nowMs, reads, text] = [0, 0, 'first\n']
    const read = async () => {
      reads++
      return { versionId: '1', text }
    }
    const textOf = rememberedText({ read }, { now: () => nowMs })
    expect([await textOf(), await textOf(), reads]).toEqual(['first', 'first', 1])
    text = 'second'
    nowMs += 60_000
    expect([await textOf(), reads]).toEqual(['second', 2])
  })

  it('that has no value is a failure of the world, and asked for again', async () => {
    let found: { readonly versionId: string; readonly text: string } | undefined
    const textOf = rememberedText({ read: async () => found }, { now: () => 0 })
    await expect(textOf()).rejects.toThrow('the secret has no value')
    found = { versionId: '1', text: 'x' }
    expect(await textOf()).toBe('x')
  })
})
