// The queue manager in a real server: a destination that hangs, one that is down, one that is fast; and a kill in the midst of it.

import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import {
  freePort,
  freePorts,
  type Ports,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** More than were ever delivered at the same time to all together. */
const HUNG = 30
const FAST = 10
/** Longer than a few messages take to be submitted. */
const HANGS_UP_AFTER_MS = 2_000

describe('mail for several destinations', () => {
  let resources: AsyncDisposableStack
  let folder: string
  let ports: Ports
  let server: ServerProcess
  let alice: Account
  let sink: Sink
  let hung: { readonly sockets: Set<Socket>; readonly port: number }
  let downPort: number

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = resources.use(await temporaryFolder()).path
    sink = resources.use(await openSink())
    hung = await openHost(resources, await freePort())
    downPort = await freePort()
    ports = await freePorts()
    await start()
    ;({ alice } = firstAccounts(server))
  })
  afterEach(() => resources.disposeAsync())

  async function start(): Promise<void> {
    const hop = (port: number) => `[127.0.0.1]:${port}`
    server = await startServer(folder, ports, [
      `transportMaps=inline:{ hung.test=${hop(hung.port)}, fast.test=${hop(sink.port)}, down.test=${hop(downPort)} }`,
      'privateDestinationNetworks=127.0.0.0/8',
      'initialDestinationConcurrency=2',
    ])
    resources.use(server)
  }

  async function submit(count: number, domain: string): Promise<void> {
    await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
    await smtp.hello()
    await smtp.logIn(alice.address, alice.password)
    for (let n = 0; n < count; n++) {
      await smtp.envelope(alice.address, `${n}@${domain}`)
      expect((await smtp.data(`Subject: ${n}\r\n\r\n`)).code).toBe(250)
    }
  }

  type Listed = { readonly groups: readonly { readonly lastReply: string | null }[] }
  async function waiting(): Promise<readonly (string | null)[]> {
    const { stdout } = await commandLine(['queue', 'list', '--json', '--data', folder])
    const listed: readonly Listed[] = JSON.parse(stdout)
    return listed.flatMap(({ groups }) => groups.map(({ lastReply }) => lastReply))
  }

  it('one that hangs keeps only its own mail waiting, and after a kill all that waited goes at once', async () => {
    await submit(HUNG, 'hung.test')
    await eventually('some are under way', () => hung.sockets.size > 0)
    await server.end('SIGKILL')
    await eventually('the hung host knows', () => hung.sockets.size === 0)
    await start()
    // Those that were under way wait for the end of their leases; others have waited in memory alone.
    await eventually('the next are under way', () => hung.sockets.size > 0)
    await submit(FAST, 'fast.test')
    await eventually('the fast ones are there', () => sink.messages.length === FAST)
    await eventually('that is written down', async () => (await waiting()).length === HUNG)
    expect(hung.sockets.size).toBeLessThanOrEqual(2)
  }, 60_000)

  it('one that is down is left alone after a few attempts, until an operator flushes', async () => {
    const down = await openHost(resources, downPort, HANGS_UP_AFTER_MS)
    // All are there before the first attempts end: an idle destination is forgotten.
    await submit(8, 'down.test')
    const replies = await eventually('all are deferred', async () => {
      const all = await waiting()
      return all.every((reply) => reply !== null) && all
    })
    const suspended = replies.filter((reply) => reply?.startsWith('delivery temporarily suspended'))
    expect(replies).toHaveLength(8)
    expect(suspended.length).toBeGreaterThan(0)
    expect(suspended[0]).toContain('lost connection with 127.0.0.1')
    await down.close()

    await using up = await openSink({ port: downPort })
    await commandLine(['queue', 'flush', '--data', folder])
    await eventually('all are there', () => up.messages.length === 8)
    expect(await waiting()).toEqual([])
  }, 60_000)
})

/** Takes connections, never says a word, and hangs up after a while, if at all. */
async function openHost(resources: AsyncDisposableStack, port: number, hangsUpAfterMs?: number) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.resume()
    if (hangsUpAfterMs !== undefined) setTimeout(() => socket.destroy(), hangsUpAfterMs)
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  resources.defer(close)
  return { sockets, port, close }
}
