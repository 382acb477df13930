// The challenge tls-alpn-01 (RFC 8737): whoever asks for the protocol `acme-tls/1` is shown a certificate that proves the name, on the same
// port as everybody else. Only while something is to be proved are connections looked at before TLS begins.

import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { makeChallengeCertificate } from '#shared/net/tls/self-signed.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { HELLO_BYTES_MAX, readClientHello } from './client-hello.ts'
import type { ChallengeSolver } from './solver.ts'

const PROTOCOL = 'acme-tls/1'
/** Until all of a hello is there, and until its handshake has ended. */
const HELLO_MS_MAX = 5_000
const HANDSHAKE_MS_MAX = 5_000

export type TlsChallenges = ChallengeSolver & {
  /** Of a connection of which nothing was read: true when it was an authority's, and is seen to. */
  readonly take: (socket: Socket) => Promise<boolean>
}

export function createTlsChallenges({ clock }: { readonly clock: Clock }): TlsChallenges {
  const contexts = new Map<string, SecureContext>()
  return {
    type: 'tls-alpn-01',
    placeOf: ({ name }) => `port 443 of ${name}`,
    async publish({ name, keyAuthorization }) {
      const digest = createHash('sha256').update(keyAuthorization).digest()
      const pair = makeChallengeCertificate(name, digest, new Date(clock.now()))
      contexts.set(name, createSecureContext({ ...pair, minVersion: 'TLSv1.2' }))
    },
    remove: async ({ name }) => void contexts.delete(name),
    async take(socket) {
      if (contexts.size === 0) return false
      const read = await readHello(socket)
      const context = read && contexts.get(read.name)
      if (context === undefined || !read?.protocols.includes(PROTOCOL)) return false
      show(socket, context)
      return true
    },
  }
}

/** What was read is given back to whoever reads next. */
async function readHello(socket: Socket) {
  let bytes: Buffer = Buffer.alloc(0)
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof readClientHello>>()
  const look = () => {
    for (let piece = socket.read(); piece !== null; piece = socket.read()) {
      bytes = Buffer.concat([bytes, piece])
    }
    const read = readClientHello(bytes)
    if (read !== 'more') resolve(read)
    else if (bytes.length > HELLO_BYTES_MAX) resolve('other')
  }
  const give = () => resolve('other')
  const timer = setTimeout(give, HELLO_MS_MAX)
  socket.on('readable', look)
  socket.once('close', give)
  look()
  const read = await promise
  clearTimeout(timer)
  socket.off('readable', look)
  socket.off('close', give)
  socket.pause()
  if (bytes.length > 0) socket.unshift(bytes)
  return typeof read === 'object' ? read : undefined
}

/** The handshake is all: RFC 8737 §3. */
function show(socket: Socket, secureContext: SecureContext): void {
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [PROTOCOL] })
  const end = () => socket.destroy()
  const timer = setTimeout(end, HANDSHAKE_MS_MAX)
  socket.once('close', () => clearTimeout(timer))
  secure.on('error', end)
  secure.once('secure', () => secure.end())
}
