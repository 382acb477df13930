// A session that goes on at another server: every byte, in order, no faster than it is taken; and how it ends.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acceptedSockets } from '#shared/net/accepted-sockets.ts'
import { CLIENT_DONE_MS, LineConnection } from '#shared/net/line-connection.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { Connection } from '#test/transcripts/connection.ts'
import { type EchoConnection, EchoProtocol } from './echo-protocol.ts'

const options = {
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  writeTimeoutMs: 300_000,
  pipelineBytesMax: 1_000,
  lingerMs: 5_000,
}

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

/** Both ends of a connection on loopback. */
async function pair(): Promise<readonly [near: Socket, far: Socket]> {
  const server = createServer(acceptedSockets)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const near = connect({ port: address.port, host: '127.0.0.1' })
  const [far] = await accepted
  server.close()
  for (const socket of [near, far]) {
    socket.on('error', () => undefined)
    resources.defer(() => void socket.destroy())
  }
  return [near, far]
}

/** A client that has sent GO, and what it has sent behind that. */
async function goneOver(behind: string, first = '') {
  const server = createServer(acceptedSockets)
  resources.defer(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const client = await Connection.open({ port: address.port })
  resources.defer(() => client.destroy())
  const [socket]: Socket[] = await accepted
  if (socket === undefined) throw new Error('no socket')
  resources.defer(() => void socket.destroy())
  const [ours, source] = await pair()
  const clock = new ManualClock()
  const log = new MemoryLog()
  const spoken = Promise.withResolvers<EchoProtocol>()
  const connection = new LineConnection(
    { socket, secureContext: undefined, clock, options },
    (under: EchoConnection) => {
      const protocol = new EchoProtocol(under, log)
      spoken.resolve(protocol)
      return protocol
    },
  )
  const protocol = await spoken.promise
  protocol.source = { socket: ours.pause(), first: Buffer.from(first) }
  connection.start('starttls')
  expect(await client.readLine('greeting')).toBe('hello')
  await client.write(Buffer.from(`LOGIN\r\nGO\r\n${behind}`))
  expect(await client.readLine('answer')).toBe('LOGIN')
  expect(await client.readLine('answer')).toBe('go')
  let heard = ''
  source.on('data', (chunk) => {
    heard += chunk.toString('latin1')
  })
  const ended = async () => {
    await connection.done
    return log.find('session ended')?.reason
  }
  const hears = (text: string) => vi.waitFor(() => expect(heard).toBe(text), { timeout: 10_000 })
  const isToldOfEnd = () => vi.waitFor(() => expect(source.readableEnded).toBe(true))
  return { isToldOfEnd, client, socket, source, ours, clock, connection, protocol, ended, hears }
}

describe('a session that goes on at another server', () => {
  it('loses nothing of what either side has said already', async () => {
    const { client, source, hears } = await goneOver('a\r\nhalf a li', 'first\r\n')
    expect(await client.readLine('first')).toBe('first')
    await hears('a\r\nhalf a li')
    await client.write(Buffer.from('ne\r\n'))
    await hears('a\r\nhalf a line\r\n')
    source.write('then\r\n')
    expect(await client.readLine('answer')).toBe('then')
  })

  it('tells who has closed, once all of it has come', async () => {
    const { client, source, ended, protocol } = await goneOver('x')
    source.end('last words')
    expect(await client.readToEnd('last')).toBe('last words')
    expect(await ended()).toBe('source closed')
    expect(protocol.passed).toEqual({ toSource: 1, fromSource: 10 })
  })

  it('goes on to the end where the client has closed its own', async () => {
    const { client, source, hears, isToldOfEnd, connection } = await goneOver('question\r\n')
    client.end()
    await hears('question\r\n')
    await isToldOfEnd()
    source.end('answer\r\n')
    expect(await client.readToEnd('answer')).toBe('answer\r\n')
    await connection.done
  })

  it('ends at the source when the client is gone', async () => {
    const { client, source, isToldOfEnd, connection } = await goneOver('')
    client.destroy()
    await isToldOfEnd()
    source.end()
    await connection.done
  })

  it('does not wait for a source that says nothing to a client that is gone', async () => {
    const { client, clock, isToldOfEnd, ended } = await goneOver('')
    client.destroy()
    await isToldOfEnd()
    await clock.advance(CLIENT_DONE_MS)
    await clock.advance(options.lingerMs)
    expect(await ended()).toBe('idle timeout')
  })

  it('ends where the connection to the source is lost', async () => {
    const { client, source, ended } = await goneOver('')
    source.resetAndDestroy()
    await client.readToEnd('nothing')
    expect(await ended()).toBe('source closed')
  })

  it('holds no more than a client takes', async () => {
    const { socket, source, ours, client } = await goneOver('')
    const held = Promise.withResolvers<() => void>()
    socket._write = (_chunk, _encoding, written) => held.resolve(() => written())
    socket._writev = (_chunks, written) => held.resolve(() => written())
    const bytes = 4 * 1024 * 1024
    source.end(Buffer.alloc(bytes, 'y'))
    const write = await held.promise
    await vi.waitFor(() => expect(ours.isPaused()).toBe(true))
    expect(ours.bytesRead).toBeLessThan(1024 * 1024)
    Reflect.deleteProperty(socket, '_write')
    Reflect.deleteProperty(socket, '_writev')
    write()
    // What was held was thrown away.
    expect((await client.readToEnd('all')).length).toBeGreaterThan(bytes - 1024 * 1024)
  })

  it('may be silent for as long as any session, and no longer', async () => {
    const { client, source, clock, ended, hears } = await goneOver('')
    await clock.advance(options.idleTimeoutMs - 1)
    source.write('news\r\n')
    expect(await client.readLine('news')).toBe('news')
    await clock.advance(options.idleTimeoutMs - 1)
    await client.write(Buffer.from('x'))
    await hears('x')
    await clock.advance(options.idleTimeoutMs - 1)
    expect(client.unread()).toBe('')
    await clock.advance(1)
    expect(await client.readToEnd('timeout')).toBe('idle timeout\r\n')
    expect(await ended()).toBe('idle timeout')
  })

  it('is over where a side takes nothing for too long', async () => {
    const { client, ours, clock, ended } = await goneOver('')
    ours._write = () => undefined
    ours._writev = () => undefined
    await client.write(Buffer.alloc(1024 * 1024, 'z'))
    await vi.waitFor(() => expect(ours.writableNeedDrain).toBe(true))
    await clock.advance(options.writeTimeoutMs)
    expect(await ended()).toBe('write timeout')
  })

  it.each(['shutdown', 'account ended'] as const)('is told of %s', async (reason) => {
    const { client, isToldOfEnd, connection, ended } = await goneOver('')
    if (reason === 'shutdown') connection.drain()
    else connection.endAccount()
    await isToldOfEnd()
    expect(await client.readToEnd('last words')).toBe(`${reason}\r\n`)
    expect(await ended()).toBe(reason)
  })

  it('has nothing put into the middle of what the source says', async () => {
    const { client, source, connection } = await goneOver('')
    source.write('half of a li')
    await vi.waitFor(() => expect(client.unread()).toBe('half of a li'))
    connection.endAccount()
    expect(await client.readToEnd('last words')).toBe('half of a li')
  })
})
