// The connection to an old server until somebody is logged in there: lines come and go, TLS is put on it, and then it is handed on with
// what has come and was not read. What the server says is somebody else's: lines, bytes and time have their limits.

import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { SourceEndpoint } from './endpoint.ts'

/** From connecting until the login is answered. Servers answer wrong passwords late, and the first connection waits for DNS. */
export const SOURCE_LOGIN_MS = 20_000
/** All that the server says until then. */
export const SOURCE_WORDS_BYTES_MAX = 65_536

/** Nobody answered, or nothing that can be understood: the login was not judged. */
export class SourceFailure extends TemporaryFailure {
  override readonly name = 'SourceFailure'
}

export interface SourceWire {
  /** The next line without its end, a byte string. Rejects with SourceFailure when none comes. */
  line(): Promise<string>
  /** Reads over so many bytes. */
  skip(bytes: number): Promise<void>
  write(bytes: string | Uint8Array): void
  startTls(): Promise<void>
  /** The connection, which does not flow, and what came behind the last line. */
  release(): { readonly socket: Socket; readonly first: Buffer }
  destroy(): void
}

export async function openSourceWire(
  endpoint: SourceEndpoint,
  clock: Pick<Clock, 'sleep'>,
): Promise<SourceWire> {
  const { host, port, tls, verifies } = endpoint
  const ended = new AbortController()
  const tcp = connect({ host, port, noDelay: true })
  let socket = tcp
  let pending: Buffer = Buffer.alloc(0)
  /** Of `pending`, in which there is no line end. */
  let searched = 0
  let heard = 0
  let failure: SourceFailure | undefined
  let wake: (() => void) | undefined

  function fail(reason: string, cause?: unknown): void {
    failure ??= new SourceFailure(`${host}:${port}: ${reason}`, { cause })
    socket.destroy()
    tcp.destroy()
    wake?.()
  }

  const onData = (chunk: Buffer): void => {
    heard += chunk.length
    if (heard > SOURCE_WORDS_BYTES_MAX) {
      fail('it says too much')
      return
    }
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    wake?.()
  }
  const onClose = (): void => fail('it has closed the connection')
  const onError = (error: Error): void => fail(error.message, error)

  function listen(): void {
    socket.on('data', onData).on('end', onClose).on('close', onClose).on('error', onError)
  }
  function unlisten(): void {
    socket.off('data', onData).off('end', onClose).off('close', onClose)
  }

  async function more(): Promise<void> {
    if (failure !== undefined) throw failure
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    wake = undefined
  }

  async function shakeHands(): Promise<void> {
    unlisten()
    // What was said in clear behind its consent is nobody's word (RFC 9051 §6.2.1).
    pending = Buffer.alloc(0)
    searched = 0
    const below = socket.off('error', onError).on('error', () => undefined)
    const secure = connectTls({
      socket: below,
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: verifies,
    })
    socket = secure
    listen()
    let isSecure = false
    secure.once('secureConnect', () => {
      isSecure = true
      wake?.()
    })
    while (!isSecure) await more()
  }

  const over = clock.sleep(SOURCE_LOGIN_MS, ended.signal)
  void over.then(() => {
    if (!ended.signal.aborted) fail('it does not answer in time')
  })
  let isConnected = false
  tcp.once('connect', () => {
    isConnected = true
    wake?.()
  })
  listen()

  const wire: SourceWire = {
    async line() {
      for (;;) {
        const end = pending.indexOf(0x0a, searched)
        if (end >= 0) {
          const line = pending.toString('latin1', 0, end)
          pending = pending.subarray(end + 1)
          searched = 0
          return line.endsWith('\r') ? line.slice(0, -1) : line
        }
        searched = pending.length
        await more()
      }
    },
    async skip(bytes) {
      while (pending.length < bytes) await more()
      pending = pending.subarray(bytes)
      searched = 0
    },
    write: (bytes) => void socket.write(bytes),
    startTls: shakeHands,
    release() {
      if (failure !== undefined) throw failure
      ended.abort()
      unlisten()
      socket.pause()
      return { socket, first: pending }
    },
    destroy() {
      ended.abort()
      fail('done')
    },
  }
  try {
    while (!isConnected) await more()
    if (tls === 'implicit') await shakeHands()
    return wire
  } catch (error) {
    wire.destroy()
    throw error
  }
}
