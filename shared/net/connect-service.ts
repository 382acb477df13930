// The connection to a program that is asked about mail: a milter, a scanner, a policy server.

import { connect, type Socket } from 'node:net'
import type { ServiceAddress } from '#shared/settings/service-address.ts'

/** Errors come at the socket. */
export function connectService(address: ServiceAddress): Socket {
  return address.kind === 'unix'
    ? connect({ path: address.path })
    : connect({ host: address.host, port: address.port, noDelay: true })
}
