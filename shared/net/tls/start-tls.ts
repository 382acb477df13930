// The server's side of a change to TLS, on a connection of a line protocol.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Log } from '#shared/runtime/log.ts'
import type { SecureContextSource } from '../hot-context.ts'
import type { Output } from '../output.ts'
import { type ChannelBindings, channelBindings } from './channel-binding.ts'

/**
 * Sends what is written, then shakes hands. `adopt` gets the new layer before the handshake, to listen on it. Undefined when
 * it failed; then `fail` was called. What was sent in clear and not read yet must be gone from the reader before.
 */
export async function startTls(on: {
  readonly socket: Socket
  readonly output: Output
  readonly secureContext: SecureContextSource | undefined
  /** Aborts when the connection is gone. */
  readonly gone: AbortSignal
  readonly log: Log
  adopt(secure: TLSSocket): void
  fail(): void
}): Promise<ChannelBindings | undefined> {
  const { output, log } = on
  await output.flushed()
  const secureContext = on.secureContext?.()
  if (secureContext === undefined || output.closed) {
    on.fail()
    return undefined
  }
  const secure = new TLSSocket(on.socket, { isServer: true, secureContext })
  secure.once('end', on.fail)
  output.moveTo(secure)
  on.adopt(secure)
  try {
    await once(secure, 'secure', { signal: on.gone })
  } catch (error) {
    log.debug({ error }, 'TLS handshake failed')
    on.fail()
    return undefined
  }
  secure.off('end', on.fail)
  return channelBindings(secure)
}
