// A mail host on loopback that takes everything, and whose STARTTLS is as a test wants it: not there, refused, broken, of any certificate.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'

export interface StartTlsHost extends AsyncDisposable {
  readonly port: number
  /** `MAIL …` in clear, `TLS MAIL …` within it; messages left out. */
  readonly lines: readonly string[]
  /** By connection: the SNI it was asked with, undefined for none. */
  readonly servernames: readonly (string | undefined)[]
}

export type StartTlsScript = {
  readonly pair?: SecureContextOptions
  /** EHLO keywords in clear and within TLS; default: STARTTLS, and none. */
  readonly offers?: readonly string[]
  readonly offersInTls?: readonly string[]
  /** Default `220 go ahead`; null hangs up in its place. */
  readonly startTls?: string | null
  /** In place of a handshake. */
  readonly instead?: (socket: Socket) => void
}

export async function openStartTlsHost(script: StartTlsScript = {}): Promise<StartTlsHost> {
  const { offers = ['STARTTLS'], offersInTls = [], startTls = '220 go ahead' } = script
  const lines: string[] = []
  const servernames: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const context = script.pair && createSecureContext(script.pair)

  function converse(socket: Socket, connection: number, isTls: boolean): void {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let rest = ''
    let inMessage = false
    const say = (text: string) => void socket.write(`${text}\r\n`)
    const hear = (chunk: Buffer) => {
      const parts = (rest + chunk.toString('latin1')).split('\r\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        if (inMessage && line !== '.') continue
        inMessage = false
        lines.push(isTls ? `TLS ${line}` : line)
        if (/^EHLO/.test(line)) {
          const keywords = ['host.test', ...(isTls ? offersInTls : offers)]
          keywords.map((word, i) => say(`250${i < keywords.length - 1 ? '-' : ' '}${word}`))
        } else if (line === 'STARTTLS' && !isTls) {
          if (startTls === null) return void socket.destroy()
          say(startTls)
          if (!startTls.startsWith('220')) continue
          socket.off('data', hear)
          if (script.instead !== undefined) script.instead(socket)
          else upgrade(socket, connection)
        } else if (line === 'DATA') {
          inMessage = true
          say('354 go on')
        } else say('250 2.0.0 fine')
      }
    }
    socket.on('data', hear)
    if (!isTls) say('220 host.test')
  }

  function upgrade(socket: Socket, connection: number): void {
    const SNICallback = (name: string, done: (error: null) => void) => {
      servernames[connection] = name
      done(null)
    }
    const tls = new TLSSocket(socket, { isServer: true, secureContext: context, SNICallback })
    tls.on('error', () => undefined)
    converse(tls, connection, true)
  }

  const server: Server = createServer((socket) => {
    converse(socket, servernames.push(undefined) - 1, false)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return {
    port: address.port,
    lines,
    servernames,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
