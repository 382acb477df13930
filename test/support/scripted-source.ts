// An old server on loopback that says what its script says, in clear.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

export interface ScriptedSource extends AsyncDisposable {
  readonly port: number
  /** Lines that clients have sent, over all connections. */
  readonly heard: readonly string[]
  readonly connections: number
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>
}

export type SourceScript = {
  readonly greeting: string
  /** What is said to each line; undefined: nothing; `close` behind the words ends the connection. */
  readonly answer: (line: string) => string | undefined
}

export const CLOSE = '\u0000close'

export async function startScriptedSource({
  greeting,
  answer,
}: SourceScript): Promise<ScriptedSource> {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    const say = (words: string) => {
      const [text = '', ...ends] = words.split(CLOSE)
      if (text !== '') socket.write(text, 'latin1')
      if (ends.length > 0) socket.end()
    }
    say(greeting)
    let rest = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      rest += chunk
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        heard.push(line)
        const words = answer(line)
        if (words !== undefined) say(words)
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    heard,
    sockets,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await once(server.close(), 'close')
    },
  }
}
