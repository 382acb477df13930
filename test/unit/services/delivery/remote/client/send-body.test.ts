// The message behind DATA to hosts that do not take it.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { sendBody } from '#services/delivery/remote/client/send-body.ts'
import { Wire } from '#services/delivery/remote/client/wire.ts'

/** At most, of both sides, for who does not read. */
const SYSTEMS_HOLD_BYTES = 12 * 1024 ** 2
const LARGE_BYTES = 64 * 1024 ** 2

async function* large() {
  const chunk = Buffer.alloc(64 * 1024, 'x'.repeat(70).concat('\r\n'))
  for (let bytes = 0; bytes < LARGE_BYTES; bytes += chunk.length) yield chunk
}

/** Reads nothing, and says this as long as it is heard. */
async function hostThatOnlySays(text: string) {
  const server = createServer((socket: Socket) => {
    let said = 0
    const say = () => {
      while (socket.write(text)) said += text.length
      said += text.length
    }
    socket.on('error', () => undefined).on('drain', say)
    say()
    server.once('close', () => socket.destroy())
    heard.push(() => said)
  })
  const heard: (() => number)[] = []
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  return {
    wire: new Wire(socket),
    said: () => heard[0]?.() ?? 0,
    [Symbol.dispose]: () => {
      socket.destroy()
      server.close()
    },
  }
}

it('goes no further with a host that answers without reading', async () => {
  using host = await hostThatOnlySays('250 taken\r\n'.repeat(1_000))
  expect(await sendBody(host.wire, large(), 3_000)).toMatchObject({ code: 250 })
  // What it went on to say is in the buffers of the systems, and not in ours.
  expect(host.said()).toBeLessThan(SYSTEMS_HOLD_BYTES)
})

it('does not wait for the end of a reply that has none', async () => {
  using host = await hostThatOnlySays('250-taken\r\n'.repeat(1_000))
  await expect(sendBody(host.wire, large(), 3_000)).rejects.toMatchObject({ loss: 'endless' })
})
