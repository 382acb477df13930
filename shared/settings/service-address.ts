// Where a program is that is asked about mail: a port of a host, or a socket of this machine. How settings name it is their grammar.

import { isIP } from 'node:net'

export type ServiceAddress =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const HOST_AND_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/
const PORT_MAX = 65_535
/** sun_path of Linux, without its NUL. */
const SOCKET_PATH_BYTES_MAX = 107

/** `host:port` or `[IPv6 address]:port`. */
export function parseHostAndPort(text: string): ServiceAddress | undefined {
  const [, bracketed, bare, digits] = HOST_AND_PORT.exec(text) ?? []
  const host = bracketed ?? bare
  const port = Number(digits)
  if (host === undefined || !(port >= 1 && port <= PORT_MAX)) return undefined
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined
  return { kind: 'inet', host, port }
}

/** Absolute: it is the same whatever folder a process was started in. */
export function parseSocketPath(path: string): ServiceAddress | undefined {
  const isPath = path.startsWith('/') && Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
  return isPath && !path.includes('\0') ? { kind: 'unix', path } : undefined
}

export const formatHostAndPort = ({ host, port }: Extract<ServiceAddress, { kind: 'inet' }>) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
