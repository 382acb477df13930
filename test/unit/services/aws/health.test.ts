import { describe, expect, it } from 'vitest'
import { openHealthServer } from '#services/aws/health.ts'

describe('the health server', () => {
  it('is ready from when it is told until it is told otherwise, and alive all the time', async () => {
    const health = await openHealthServer('127.0.0.1', 0)
    const status = async (path: string) =>
      (await fetch(`http://127.0.0.1:${health.port}${path}`)).status
    expect([await status('/readyz'), await status('/livez')]).toEqual([503, 200])
    health.setReady(true)
    expect([await status('/readyz'), await status('/other')]).toEqual([200, 503])
    health.setReady(false)
    expect(await status('/readyz')).toBe(503)
    await health.close()
    await expect(status('/livez')).rejects.toThrow()
  })
})
