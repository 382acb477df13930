import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ReplacedBody } from '#services/content/milter/replaced-body.ts'

describe('a body that is given up', () => {
  it('takes nothing down with it, though nobody has begun to read it', async () => {
    const body = new ReplacedBody(() => new Promise(() => {}), 100)
    await body.push(Buffer.from('x'))
    const errors: unknown[] = []
    const others = process.rawListeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', (e) => errors.push(e))
    body.abandon()
    await turn()
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other as () => void)
    expect(errors).toEqual([])
  })
})
