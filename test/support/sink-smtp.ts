// Mail hosts on loopback for tests of whoever sends mail: one on smtp-server that keeps what it is sent and refuses on
// request, and one that says whatever its script says.

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'

export interface Sink extends AsyncDisposable {
  readonly port: number
  readonly messages: readonly SunkMessage[]
}

export type SunkMessage = {
  readonly envelope: SMTPServerSession['envelope']
  readonly secure: boolean
  readonly helo: string
  readonly user: string | null
  /** Without dot-stuffing, with the CRLF before the final dot. */
  readonly bytes: Buffer
}

export type SinkScript = {
  /** Default: any that is free. */
  readonly port?: number
  /** Replies such as `550 5.1.1 no such user`; undefined accepts. */
  readonly mail?: (address: string) => string | undefined
  readonly rcpt?: (address: string) => string | undefined
  readonly message?: () => string | undefined
  readonly options?: SMTPServerOptions
}

export async function openSink(script: SinkScript = {}): Promise<Sink> {
  const messages: SunkMessage[] = []
  const server = new SMTPServer({
    authOptional: true,
    size: 10_000_000,
    disableReverseLookup: true,
    hideDSN: false,
    logger: false,
    onAuth: (auth, _session, callback) =>
      callback(null, { user: `${auth.username}/${auth.password}` }),
    onMailFrom: ({ address }, _session, callback) => callback(refusal(script.mail?.(address))),
    onRcptTo: ({ address }, _session, callback) => callback(refusal(script.rcpt?.(address))),
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      // Not whole: the sender hung up.
      stream.on('error', () => undefined)
      stream.on('end', () => {
        const refused = refusal(script.message?.())
        if (refused !== undefined) return callback(refused)
        messages.push({
          envelope: structuredClone(session.envelope),
          secure: session.secure,
          helo: session.hostNameAppearsAs,
          user: typeof session.user === 'string' ? session.user : null,
          bytes: Buffer.concat(chunks),
        })
        callback(null, 'taken')
      })
    },
    ...script.options,
  })
  // A client that hangs up in the middle is part of some tests.
  server.on('error', () => undefined)
  server.listen(script.port ?? 0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: portOf(server.server),
    messages,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function refusal(reply: string | undefined) {
  if (reply === undefined) return undefined
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) })
}

export interface ScriptedHost extends AsyncDisposable {
  readonly port: number
  /** Lines received, connection by connection; the message is the line `.` alone. */
  readonly connections: readonly (readonly string[])[]
  /** Messages, as they came: with stuffed dots behind DATA. */
  readonly bodies: readonly string[]
}

/**
 * A reply without CRLF; null to hang up without one; `raw` as it is, '' for silence, in one piece or byte by byte, and what is done then: hang
 * up, close its own end alone, or reset the connection.
 */
export type ScriptedAnswer =
  | string
  | null
  | {
      readonly raw: string
      readonly isBytewise?: true
      readonly ending?: 'close' | 'half-close' | 'reset'
    }

/**
 * Answers each line with what the script says. The first question, at connection, is ''; after a 354 reply the message is swallowed and
 * the next question is `.`; what follows BDAT is swallowed before it is answered.
 */
export async function openScriptedHost(
  answer: (line: string, connection: number) => ScriptedAnswer,
  { path }: { readonly path?: string } = {},
): Promise<ScriptedHost> {
  const connections: string[][] = []
  const bodies: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const lines: string[] = []
    const number = connections.push(lines) - 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => socket.end())
    let body: string[] | undefined
    let rest = ''
    const say = (line: string) => {
      const said = answer(line, number)
      if (said === null) return void socket.destroy()
      const { raw, isBytewise, ending } =
        typeof said === 'string'
          ? { raw: `${said}\r\n` }
          : { isBytewise: undefined, ending: undefined, ...said }
      body = raw.startsWith('354') ? [] : undefined
      for (const piece of isBytewise ? raw : [raw]) if (piece !== '') socket.write(piece)
      if (ending === 'close') socket.destroySoon()
      if (ending === 'half-close') socket.end()
      if (ending === 'reset') socket.resetAndDestroy()
    }
    const hear = (line: string) => {
      if (body !== undefined && line !== '.') return void body.push(`${line}\r\n`)
      if (body !== undefined) bodies.push(body.join(''))
      lines.push(line)
      say(line)
    }
    say('')
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1')
      for (;;) {
        const end = rest.indexOf('\r\n')
        if (end < 0) return
        const line = rest.slice(0, end)
        const [, digits] = body === undefined ? (/^BDAT (\d+)/.exec(line) ?? []) : []
        const bytes = Number(digits ?? 0)
        if (rest.length < end + 2 + bytes) return
        if (digits !== undefined) bodies.push(rest.slice(end + 2, end + 2 + bytes))
        rest = rest.slice(end + 2 + bytes)
        hear(line)
      }
    })
  })
  server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(server, 'listening')
  return {
    port: path === undefined ? portOf(server) : 0,
    connections,
    bodies,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}
