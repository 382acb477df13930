// Where a list goes on. A cursor is opaque, signed, and bound to the operation and the filters that it came from: shown to another list it
// would say where that one goes on, past what its reader may see.

import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Cursors {
  /** `binding`: all that the list was asked for beside its place. */
  seal(place: string, binding: unknown): string
  /** Undefined: it is none of ours, or of another list. */
  open(cursor: string, binding: unknown): string | undefined
}

const PREFIX = 'c_'
const MAC_BYTES = 16
export const CURSOR_CHARACTERS_MAX = 4_096

export function createCursors(key: Uint8Array, operation: string): Cursors {
  const macOf = (place: string, binding: unknown) =>
    createHmac('sha256', key)
      .update(JSON.stringify([operation, binding, place]))
      .digest()
      .subarray(0, MAC_BYTES)
  return {
    seal(place, binding) {
      const sealed = Buffer.concat([macOf(place, binding), Buffer.from(place)])
      return `${PREFIX}${sealed.toString('base64url')}`
    },
    open(cursor, binding) {
      if (!cursor.startsWith(PREFIX) || cursor.length > CURSOR_CHARACTERS_MAX) return undefined
      const sealed = Buffer.from(cursor.slice(PREFIX.length), 'base64url')
      if (sealed.length <= MAC_BYTES) return undefined
      const place = sealed.subarray(MAC_BYTES).toString('utf8')
      const isOurs = timingSafeEqual(sealed.subarray(0, MAC_BYTES), macOf(place, binding))
      return isOurs ? place : undefined
    },
  }
}
