import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { acceptedSockets } from '#shared/net/accepted-sockets.ts'
import { type Client, ClientGate, type ClientGateOptions } from '#shared/net/client-gate.ts'
import { PROXY_HEADER_TIMEOUT_MS } from '#shared/net/proxied-socket.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { MemoryLog } from '#test/support/memory-log.ts'
import { localHeader, proxyHeader } from '#test/support/proxy-header.ts'

const resources = new Set<() => void>()
afterEach(() => {
  for (const release of resources) release()
  resources.clear()
})

type Admitted = { readonly socket: Socket; readonly client: Client; readonly leave: () => void }

/** A gate that trusts this machine, with a server before it. */
async function openGate(options: Partial<ClientGateOptions> = {}) {
  const clock = new ManualClock()
  const log = new MemoryLog()
  const gate = new ClientGate(
    {
      connectionCountLimit: 10,
      clientConnectionCountLimit: 10,
      proxyTrustedNetworks: ['127.0.0.0/8'],
      ...options,
    },
    { clock, log },
  )
  const admitted: Admitted[] = []
  const refused: Client[] = []
  const server = createServer(acceptedSockets, (socket) => {
    resources.add(() => socket.destroy())
    gate.enter(socket, {
      admitted: (client, leave) => void admitted.push({ socket, client, leave }),
      refused: (client) => {
        refused.push(client)
        socket.destroy()
      },
    })
  })
  resources.add(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address

  const open = async (...chunks: readonly Uint8Array[]) => {
    const client = connect({ port, host: '127.0.0.1', noDelay: true }).on('error', () => {})
    resources.add(() => client.destroy())
    await once(client, 'connect')
    for (const chunk of chunks) {
      client.write(chunk)
      await turn()
    }
    return client
  }
  const nextAdmitted = async (count = 1) => {
    await vi.waitFor(() => expect(admitted).toHaveLength(count))
    const last = admitted.at(-1)
    if (last === undefined) throw new Error('nobody')
    return last
  }
  return { gate, clock, log, admitted, refused, open, nextAdmitted, port }
}

const source = { address: '203.0.113.5', port: 40_001 }
const header = proxyHeader({ source })

describe('behind a trusted proxy', () => {
  it('a client is who the header says', async () => {
    const { open, nextAdmitted } = await openGate()
    await open(header)
    expect((await nextAdmitted()).client).toEqual(source)
  })

  it('a header without an address leaves the connection its own', async () => {
    const { open, nextAdmitted } = await openGate()
    const unspecified = Buffer.from('0d0a0d0a000d0a515549540a21000000', 'hex')
    const client = await open(unspecified)
    const port = client.localPort
    expect((await nextAdmitted()).client).toEqual({ address: '127.0.0.1', port })
  })

  it('what follows the header is read next, however it is cut', async () => {
    const whole = Buffer.concat([header, Buffer.from('EHLO client\r\n')])
    const cuts = [
      [whole],
      [whole.subarray(0, 5), whole.subarray(5)],
      [header, whole.subarray(header.length)],
      [...whole].map((byte) => Buffer.from([byte])),
    ]
    for (const chunks of cuts) {
      const { open, nextAdmitted } = await openGate()
      const client = await open(...chunks)
      const { socket } = await nextAdmitted()
      let received = ''
      socket.on('data', (chunk) => {
        received += chunk
      })
      client.end('QUIT\r\n')
      await once(socket, 'end')
      expect(received).toBe('EHLO client\r\nQUIT\r\n')
    }
  })

  it('a client that stops sending with the header is heard to do so', async () => {
    const { open, nextAdmitted } = await openGate()
    const client = await open()
    client.end(Buffer.concat([header, Buffer.from('QUIT\r\n')]))
    const { socket } = await nextAdmitted()
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    await once(socket, 'end')
    expect(received).toBe('QUIT\r\n')
  })

  it.each(['in one packet', 'byte by byte'] as const)(
    'a TLS handshake follows the header %s',
    async (how) => {
      const { open, nextAdmitted } = await openGate()
      const client = await open()
      const tunnel = new Duplex({
        read() {},
        // First the ClientHello.
        write(chunk: Buffer, _, done) {
          tunnel._write = (bytes: Buffer, __, sent) => void client.write(bytes, sent)
          const first = Buffer.concat([header, chunk])
          const step = how === 'in one packet' ? first.length : 1
          for (let at = 0; at < first.length; at += step)
            client.write(first.subarray(at, at + step))
          done()
        },
      })
      client.on('data', (chunk) => tunnel.push(chunk))
      const secureClient = connectTls({ socket: tunnel, rejectUnauthorized: false })
      const { socket } = await nextAdmitted()
      const secureContext = createSecureContext(makeSelfSigned('mail.example.test', new Date()))
      const secure = new TLSSocket(socket, { isServer: true, secureContext })
      await once(secureClient, 'secureConnect')
      secureClient.write('NOOP\r\n')
      const [received] = await once(secure, 'data')
      expect(String(received)).toBe('NOOP\r\n')
    },
  )

  it('a health check is closed without a word', async () => {
    const { open, gate, log, admitted } = await openGate()
    const client = await open(localHeader())
    await closed(client)
    expect(gate.connections).toBe(0)
    expect(admitted).toEqual([])
    expect(log.lines).toEqual([])
  })

  it.each([
    ['no header', Buffer.from('EHLO client\r\n'), 'no PROXY header'],
    ['version 1', Buffer.from('PROXY TCP4 '), 'version 1 is not spoken, only version 2'],
  ])('%s ends the connection, which gets nothing', async (_, bytes, reason) => {
    const { open, gate, log, admitted } = await openGate()
    const client = await open(bytes)
    await closed(client)
    expect(client.bytesRead).toBe(0)
    expect(gate.connections).toBe(0)
    expect(admitted).toEqual([])
    expect(log.lines).toEqual([
      { level: 'warn', message: 'PROXY header refused', fields: { proxy: '127.0.0.1', reason } },
    ])
  })

  it('a header that is not whole in time ends the connection', async () => {
    const { open, clock, log, gate } = await openGate()
    const client = await open(header.subarray(0, -1))
    await vi.waitFor(() => expect(gate.connections).toBe(1))
    await clock.advance(PROXY_HEADER_TIMEOUT_MS - 1)
    expect(log.lines).toEqual([])
    await clock.advance(1)
    await closed(client)
    expect(log.lines).toMatchObject([{ fields: { reason: 'no whole header in time' } }])
  })

  it('nobody is missed who goes before the header is whole', async () => {
    const { open, log, gate, admitted } = await openGate()
    const client = await open(header.subarray(0, 9))
    await vi.waitFor(() => expect(gate.connections).toBe(1))
    client.end()
    await vi.waitFor(() => expect(gate.connections).toBe(0))
    expect(admitted).toEqual([])
    expect(log.lines).toEqual([])
  })

  it('whoever waits for the header is ended by close', async () => {
    const { open, gate, admitted, log } = await openGate()
    const client = await open(header.subarray(0, 9))
    await vi.waitFor(() => expect(gate.connections).toBe(1))
    gate.close()
    await closed(client)
    expect(gate.connections).toBe(0)
    expect([admitted, log.lines]).toEqual([[], []])
  })
})

describe('without a trusted proxy', () => {
  it('nobody is asked for a header, and a header is what the client says', async () => {
    const { open, nextAdmitted } = await openGate({ proxyTrustedNetworks: ['192.0.2.0/24'] })
    const client = await open(header)
    const { socket, client: admitted } = await nextAdmitted()
    expect(admitted).toEqual({ address: '127.0.0.1', port: client.localPort })
    const [received] = await once(socket, 'data')
    expect(Buffer.compare(received, header)).toBe(0)
  })
})

describe('limits', () => {
  it('are kept for each address of clients, not of proxies', async () => {
    const { open, refused, nextAdmitted, gate } = await openGate({ clientConnectionCountLimit: 1 })
    await open(header)
    const first = await nextAdmitted()
    await open(proxyHeader({ source: { address: '203.0.113.6', port: 1 } }))
    await nextAdmitted(2)
    await open(header)
    await vi.waitFor(() => expect(refused).toEqual([source]))
    expect(gate.connections).toBe(2)
    first.leave()
    first.leave()
    expect(gate.connections).toBe(1)
    await open(header)
    await nextAdmitted(3)
  })

  it('are kept for each /48 of IPv6 too, ten times as many', async () => {
    const limits = { clientConnectionCountLimit: 1, connectionCountLimit: 100 }
    const { open, refused, admitted, nextAdmitted } = await openGate(limits)
    const from = (address: string) => open(proxyHeader({ source: { address, port: 40_001 } }))
    for (let i = 0; i < 10; i += 1) await from(`2001:db8:0:${i}::1`)
    await nextAdmitted(10)
    await from('2001:db8:0:99::1')
    await vi.waitFor(() => expect(refused).toHaveLength(1))
    await from('2001:db8:1::1')
    await nextAdmitted(11)
    admitted[0]?.leave()
    await from('2001:db8:0:99::1')
    await nextAdmitted(12)
  })

  it('are kept for each /64 of IPv6, not for each of its addresses', async () => {
    const { open, refused, nextAdmitted } = await openGate({ clientConnectionCountLimit: 2 })
    const from = (address: string) => open(proxyHeader({ source: { address, port: 1 } }))
    await from('2001:db8::1')
    await nextAdmitted()
    await from('2001:db8::2')
    await nextAdmitted(2)
    await from('2001:db8::ffff:ffff:ffff:ffff')
    await vi.waitFor(() => expect(refused).toHaveLength(1))
    await from('2001:db8:0:1::1')
    await nextAdmitted(3)
  })

  it('are not kept for trusted networks', async () => {
    const mynetworks = ['2001:db8::/64']
    const { open, nextAdmitted } = await openGate({ clientConnectionCountLimit: 1, mynetworks })
    for (const count of [1, 2, 3]) {
      await open(proxyHeader({ source: { address: `2001:db8::${count}`, port: 1 } }))
      await nextAdmitted(count)
    }
  })

  it('count those that wait for their header', async () => {
    const { open, refused, gate, nextAdmitted } = await openGate({ connectionCountLimit: 2 })
    await open(header)
    await nextAdmitted()
    const waiting = await open()
    await vi.waitFor(() => expect(gate.connections).toBe(2))
    const third = await open(header)
    await vi.waitFor(() => expect(refused).toHaveLength(1))
    expect(refused).toEqual([{ address: '127.0.0.1', port: third.localPort }])
    waiting.destroy()
    await vi.waitFor(() => expect(gate.connections).toBe(1))
    await open(header)
    await nextAdmitted(2)
  })
})

describe('accepted sockets', () => {
  it.runIf(process.platform === 'linux')(
    'are kept alive before anything forgets the flow',
    async () => {
      const { open, nextAdmitted, port } = await openGate({ proxyTrustedNetworks: [] })
      const client = await open()
      await nextAdmitted()
      expect(keepAliveTimer(port, client.localPort ?? 0)).toBeLessThanOrEqual(290)
    },
  )
})

/** In seconds, from the system's table of sockets; undefined when another timer runs or none. */
function keepAliveTimer(localPort: number, remotePort: number): number | undefined {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local, remote, , , timer] = line.trim().split(/\s+/)
    if (!local?.endsWith(hex(localPort)) || !remote?.endsWith(hex(remotePort))) continue
    const [kind, dueIn = ''] = timer?.split(':') ?? []
    return kind === '02' ? Number.parseInt(dueIn, 16) / 100 : undefined
  }
  return undefined
}

/** Whether by an orderly end or a reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.resume().once('close', () => resolve())
  })
}
