// Marionette, by which programs of Mozilla are driven: commands and answers as JSON over TCP, each with its length before it.
// A command is [0, id, name, parameters], its answer [1, id, error, result].

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Marionette extends AsyncDisposable {
  send(command: string, parameters?: { readonly [name: string]: unknown }): Promise<unknown>
}

export async function openMarionette(port: number): Promise<Marionette> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const packets = packetsOf(socket)
  // It says who it is first.
  await packets.next()
  let last = 0
  let before: Promise<unknown> = Promise.resolve()
  async function exchange(command: string, parameters: object): Promise<unknown> {
    const id = ++last
    const body = JSON.stringify([0, id, command, parameters])
    socket.write(`${Buffer.byteLength(body)}:${body}`)
    const { value } = await packets.next()
    if (!Array.isArray(value)) throw new Error(`${command} has no answer`)
    const [, answered, error, result] = value
    if (answered !== id) throw new Error(`an answer to ${answered} in place of ${id}`)
    if (error !== null) throw new Error(`${command}: ${error.message}\n${error.stacktrace}`)
    return result
  }
  return {
    send(command, parameters = {}) {
      const answer = before.then(() => exchange(command, parameters))
      before = answer.catch(() => undefined)
      return answer
    },
    async [Symbol.asyncDispose]() {
      socket.destroy()
    },
  }
}

async function* packetsOf(socket: Socket): AsyncGenerator<ReturnType<typeof JSON.parse>> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const colon = bytes.indexOf(':')
      if (colon < 0) break
      const end = colon + 1 + Number(bytes.subarray(0, colon).toString('latin1'))
      if (bytes.length < end) break
      yield JSON.parse(bytes.subarray(colon + 1, end).toString())
      bytes = bytes.subarray(end)
    }
  }
}
