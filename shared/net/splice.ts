// Two connections made one: what comes at either goes out at the other, byte for byte, and no faster than the other side takes it. A
// session that was logged in here and goes on at another server.

import type { Duplex } from 'node:stream'
import type { Clock } from '#shared/runtime/clock.ts'

export interface Splice {
  /** Resolves when one side has closed and the other was told all of it, or after `stop`. */
  readonly done: Promise<'client closed' | 'source closed'>
  readonly counts: SpliceCounts
  /** When a byte went by for the last time. */
  readonly activeMs: number
  /** The client has closed its end, and waits for what the source still says. */
  readonly isClientDone: boolean
  /** Since when one side does not take what the other has sent. */
  readonly stalledSinceMs: number | undefined
  /** What the client was sent ends with a line: words of ours may follow. */
  readonly isAtLineEnd: boolean
  /** Nothing goes by any more; the source is gone, and the client's connection is whoever's it was. */
  stop(): void
}

export type SpliceCounts = { readonly toSource: number; readonly fromSource: number }

const LF = 0x0a

export function createSplice(parts: {
  readonly client: Duplex
  readonly source: Duplex
  /** What the client has sent already, and whether it has closed its end behind that. */
  readonly toSource: Buffer
  readonly clientEnded: boolean
  /** What the source has sent already. */
  readonly toClient: Buffer
  readonly clock: Pick<Clock, 'now'>
}): Splice {
  const { client, source, clock } = parts
  const counts = { toSource: 0, fromSource: 0 }
  const { promise: done, resolve } = Promise.withResolvers<'client closed' | 'source closed'>()
  let activeMs = clock.now()
  let isAtLineEnd = true
  let isClientDone = parts.clientEnded
  const up = createPump(client, source, (chunk) => {
    counts.toSource += chunk.length
    activeMs = clock.now()
  })
  const onClientEnd = (): void => {
    isClientDone = true
    activeMs = clock.now()
  }
  const down = createPump(source, client, (chunk) => {
    counts.fromSource += chunk.length
    isAtLineEnd = chunk[chunk.length - 1] === LF
    activeMs = clock.now()
  })

  function createPump(from: Duplex, to: Duplex, seen: (chunk: Buffer) => void) {
    let stalledSinceMs: number | undefined
    const onData = (chunk: Buffer): void => {
      if (chunk.length === 0) return
      seen(chunk)
      if (to.write(chunk)) return
      stalledSinceMs ??= clock.now()
      from.pause()
    }
    const onDrain = (): void => {
      stalledSinceMs = undefined
      from.resume()
    }
    const onEnd = (): void => void to.end()
    return {
      get stalledSinceMs() {
        return stalledSinceMs
      },
      push: onData,
      end: onEnd,
      begin(hasEnded = false): void {
        to.on('drain', onDrain)
        if (hasEnded) {
          onEnd()
          return
        }
        from.on('data', onData).on('end', onEnd)
        if (stalledSinceMs === undefined) from.resume()
      },
      stop(): void {
        from.off('data', onData).off('end', onEnd)
        to.off('drain', onDrain)
      },
    }
  }

  function finish(reason: 'client closed' | 'source closed'): void {
    up.stop()
    down.stop()
    client.off('close', onClientClose).off('end', onClientEnd)
    source.off('close', onSourceClose)
    source.destroy()
    resolve(reason)
  }

  const onClientClose = () => finish('client closed')
  // What it said before is on its way: the client's end is closed behind that.
  const onSourceClose = () => finish('source closed')
  // A lost connection closes as well.
  source.on('error', () => undefined)
  client.on('close', onClientClose).on('end', onClientEnd)
  source.on('close', onSourceClose)
  up.push(parts.toSource)
  down.push(parts.toClient)
  up.begin(parts.clientEnded)
  down.begin()
  if (client.destroyed) onClientClose()
  else if (source.destroyed) onSourceClose()

  return {
    done,
    counts,
    get activeMs() {
      return activeMs
    },
    get isClientDone() {
      return isClientDone
    },
    get stalledSinceMs() {
      return up.stalledSinceMs ?? down.stalledSinceMs
    },
    get isAtLineEnd() {
      return isAtLineEnd
    },
    stop: onClientClose,
  }
}
