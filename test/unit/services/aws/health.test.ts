import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openHealthServer } from '#services/aws/health.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { localHeader } from '#test/support/proxy-header.ts'

describe('the health server', () => {
  it('is ready from when it is told until it is told otherwise, and alive all the time', async () => {
    const health = await openHealthServer('127.0.0.1', 0, systemClock)
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

  it.each([
    ['in one piece', 1_000],
    ['byte by byte', 1],
  ])('answers behind a PROXY header, %s', async (_, pieceBytes) => {
    const health = await openHealthServer('127.0.0.1', 0, systemClock)
    health.setReady(true)
    const request = Buffer.from('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n')
    const sent = Buffer.concat([localHeader(), request])
    const socket = connect({ port: health.port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    for (let at = 0; at < sent.length; at += pieceBytes) {
      socket.write(sent.subarray(at, at + pieceBytes))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const answer = Buffer.concat(await Array.fromAsync(socket)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    await health.close()
  })

  it('hangs up on what is neither', async () => {
    const health = await openHealthServer('127.0.0.1', 0, systemClock)
    const socket = connect({ port: health.port, host: '127.0.0.1' })
    socket.write('\r\nPROXY')
    socket.on('error', () => {})
    await once(socket, 'close')
    await health.close()
  })
})
