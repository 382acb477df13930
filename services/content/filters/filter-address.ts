// Where a filter listens: TCP or a Unix socket.

import { connect, type Socket } from 'node:net'
import type { FilterAddress } from '#shared/settings/filter-kinds.ts'

/** Errors come at the socket. */
export function connectFilter(address: FilterAddress): Socket {
  return address.kind === 'unix'
    ? connect({ path: address.path })
    : connect({ host: address.host, port: address.port })
}
