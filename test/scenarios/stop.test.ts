// A stop waits for what is under way and for nobody's courtesy: clients that do not close their end, and those in the middle of a
// handshake, do not keep it.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBackend } from '#services/assembly/backend.ts'
import { type ListenerName, openListeners } from '#services/assembly/listeners.ts'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { DRAIN_LINGER_MS } from '#shared/net/drain.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { ManualClock } from '#test/support/manual-clock.ts'
import { freePorts } from '#test/support/server-process.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

const GRACE_MS = 60_000

describe('a stop', () => {
  const clock = new ManualClock()
  let resources: AsyncDisposableStack
  let listeners: Awaited<ReturnType<typeof openListeners>>
  let sockets: Socket[]

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    sockets = []
    const opened = await openEmbedded({ clock })
    resources.defer(() => opened.close())
    const ports = await freePorts()
    const loaded = loadSettings({
      environment: {},
      overrides: Object.entries(ports).flatMap(([name, port]) => [
        `listeners.${name}.enabled=yes`,
        `listeners.${name}.port=${port}`,
        `listeners.${name}.address=127.0.0.1`,
      ]),
    })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const backend = createBackend({
      store: opened.store,
      settings: loaded.settings,
      clock,
      log: silentLog,
    })
    listeners = await openListeners(backend, {
      certificates: new FakeCertificates(),
      policy: assemblePolicy(backend),
      hints: opened.store.signals,
    })
    resources.defer(async () => {
      for (const socket of sockets) socket.destroy()
      await listeners.close(0)
    })
  })
  afterEach(() => resources.disposeAsync())

  /** A client that never closes its end. */
  async function client(name: ListenerName) {
    const at = listeners.opened.find((one) => one.name === name)
    if (at === undefined) throw new Error(name)
    const socket = connect({ host: at.address, port: at.port, allowHalfOpen: true })
    sockets.push(socket)
    let said = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text
    })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    const hears = (text: string) => vi.waitFor(() => expect(said).toContain(text))
    return { socket, hears }
  }

  it('waits no longer than a moment for clients that were told to go and stay', async () => {
    const told: (readonly [ListenerName, string])[] = [
      ['imap', '* BYE '],
      ['pop3', '+OK '],
      ['smtp', '421 '],
    ]
    const clients = await Promise.all(
      told.map(async ([name, lastWord]) => ({ ...(await client(name)), lastWord })),
    )
    await Promise.all(clients.map(({ hears }, i) => hears(['ready', '+OK', '220 '][i] ?? '')))
    const ended = clients.map(({ socket }) => once(socket, 'end'))
    const closed = listeners.close(GRACE_MS)
    await Promise.all(clients.map(({ hears, lastWord }) => hears(lastWord)))
    await Promise.all(ended)
    await clock.advance(DRAIN_LINGER_MS)
    await closed
  })

  it('does not wait for a handshake', async () => {
    const names: readonly ListenerName[] = ['imaps', 'pop3s', 'submissions']
    const clients = await Promise.all(names.map(client))
    // They were accepted in this order: whoever is greeted came after them.
    for (const name of ['imap', 'pop3', 'smtp'] as const) {
      const { socket, hears } = await client(name)
      await hears(name === 'smtp' ? '220 ' : 'ready')
      socket.destroy()
    }
    const ended = clients.map(({ socket }) => once(socket, 'close'))
    const closed = listeners.close(GRACE_MS)
    for (const { socket } of clients) socket.on('end', () => socket.destroy())
    await Promise.all(ended)
    await closed
  })

  it('waits for a message that is on its way', async () => {
    const { socket, hears } = await client('smtp')
    await hears('220 ')
    let over = false
    socket.write('EHLO client.test\r\nMAIL FROM:<a@away.test>\r\n')
    await hears('250 2.1.0 ')
    const closed = listeners.close(GRACE_MS).then(() => {
      over = true
    })
    await clock.advance(GRACE_MS / 2)
    expect(over).toBe(false)
    socket.write('RSET\r\n')
    await hears('421 ')
    await clock.advance(DRAIN_LINGER_MS)
    await closed
  })
})
