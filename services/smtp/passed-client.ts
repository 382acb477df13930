// A client that was logged in here and goes on at another server, as one end of a splice (shared/net/splice.ts): what it sends still comes
// through the reader, which the library feeds.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export type PassedClient = {
  readonly end: Duplex
  /** What the client sends; null: nothing more. Resolves when more is wanted. */
  readonly take: (chunk: Buffer | null) => Promise<void> | undefined
}

export function createPassedClient(socket: Socket): PassedClient {
  let wanted: (() => void) | undefined
  const end = new Duplex({
    read() {
      wanted?.()
      wanted = undefined
    },
    write(chunk: Buffer, _encoding, done) {
      if (socket.write(chunk)) done()
      else socket.once('drain', () => done())
    },
    final(done) {
      socket.end()
      done()
    },
  })
  socket.once('close', () => {
    end.destroy()
    wanted?.()
  })
  return {
    end,
    take(chunk) {
      if (end.destroyed || end.push(chunk) || chunk === null) return undefined
      return new Promise((resolve) => {
        wanted = resolve
      })
    },
  }
}
