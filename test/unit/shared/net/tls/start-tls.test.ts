import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hasInputEnded } from '#shared/net/input-ended.ts'
import { Output } from '#shared/net/output.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { startTls } from '#shared/net/tls/start-tls.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'

describe('startTls', () => {
  const server = createServer()
  let client: Socket
  let socket: Socket

  beforeEach(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    client = connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 })
    const accepted: Socket[] = await once(server, 'connection')
    const [first] = accepted
    if (first === undefined) throw new Error('nobody came')
    socket = first
  })
  afterEach(async () => {
    client.destroy()
    socket.destroy()
    await once(server.close(), 'close')
  })

  // The end was read while nobody listened to it: the layer of TLS would wait for one that never comes.
  it('does not wait for a client whose end has been read already', async () => {
    socket.on('data', () => {})
    socket.pause()
    client.end()
    await vi.waitFor(() => expect(hasInputEnded(socket)).toBe(true))
    const secureContext = createSecureContext(makeSelfSigned('mail.example.test', new Date()))
    const fail = vi.fn()
    const bindings = await startTls({
      socket,
      output: new Output(socket, systemClock),
      secureContext: () => secureContext,
      gone: new AbortController().signal,
      log: silentLog,
      adopt: () => {},
      fail,
    })
    expect(bindings).toBeUndefined()
    expect(fail).toHaveBeenCalledOnce()
  })
})
