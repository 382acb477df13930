// A response of the fetch standard as one of Node's.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'

/** As fast as the client takes it. Resolves when it has it, or is gone. */
export async function sendResponse(
  response: Response,
  outgoing: ServerResponse,
  isHead: boolean,
): Promise<void> {
  const { status, body } = response
  outgoing.statusCode = status
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') outgoing.setHeader(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  if (body === null || isHead) {
    await body?.cancel()
    outgoing.end()
    return
  }
  const reader = body.getReader()
  const cancel = () => void reader.cancel().catch(() => {})
  outgoing.once('close', cancel)
  let next = await reader.read()
  if (next.done) {
    outgoing.end()
    return
  }
  // What is whole already has a length; what still grows, or never ends, is sent as it comes.
  const following = reader.read()
  const soon = await Promise.race([following, setImmediate(undefined)])
  if (soon?.done) {
    outgoing.setHeader('content-length', next.value.length)
    outgoing.end(next.value)
    return
  }
  await write(outgoing, next.value)
  next = await following
  while (!next.done && !outgoing.destroyed) {
    await write(outgoing, next.value)
    next = await reader.read()
  }
  if (!outgoing.destroyed) outgoing.end()
}

async function write(outgoing: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (outgoing.write(chunk) || outgoing.destroyed) return
  const settled = new AbortController()
  const { signal } = settled
  await Promise.race([
    once(outgoing, 'drain', { signal }),
    once(outgoing, 'close', { signal }),
  ]).catch(() => {})
  settled.abort()
}
