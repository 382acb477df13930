// A client of IMAP that takes everything at once and says nothing.

import type { Wire } from '#services/imap/wire.ts'

export const quietWire: Wire = {
  untagged: () => {},
  write: () => {},
  room: () => undefined,
  continuation: () => {},
  readLine: async () => undefined,
  gone: new AbortController().signal,
}
