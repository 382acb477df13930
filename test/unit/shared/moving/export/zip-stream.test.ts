import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openZipStream } from '#shared/moving/export/zip-stream.ts'

/** More than any buffer on the way takes. */
const large = { path: () => 'large', bytes: [randomBytes(2_000_000)] }

describe('a zip that somebody stores from a stream', () => {
  it('breaks off, with the reason, where it is not taken any more', async () => {
    const full = new Error('no room')
    const zip = openZipStream(async (bytes) => {
      for await (const _ of bytes.iterator({ destroyOnReturn: false })) throw full
    }, 0)
    await expect(zip.target.write(large)).rejects.toBe(full)
    await expect(zip.end()).rejects.toBe(full)
  })

  it('is not stored where whoever writes gives it up', async () => {
    const ended: unknown[] = []
    const zip = openZipStream(async (bytes) => {
      try {
        for await (const _ of bytes);
        ended.push('whole')
      } catch (error) {
        ended.push(error)
        throw error
      }
    }, 0)
    await zip.target.write(large)
    const why = new Error('enough')
    await zip.giveUp(why)
    expect(ended).toEqual([why])
    await expect(zip.end()).rejects.toBe(why)
  })
})
