import type { Socket } from 'node:net'

/**
 * Whether the client has closed its end, even where bytes before that are still unread. A layer put on such a socket (TLS) would
 * wait for something that never comes: it reads from the connection itself, which has told its end already. Node has no public
 * name for it before the last byte is read.
 */
export function hasInputEnded(socket: Socket): boolean {
  const state: unknown = Reflect.get(socket, '_readableState')
  return Reflect.get(Object(state), 'ended') === true
}
