import { isIPv6 } from 'node:net'

/** `*:25`, `127.0.0.1:25`, `[::1]:25`. */
export function formatEndpoint(at: { readonly address: string; readonly port: number }): string {
  const host = at.address === '' || at.address === '::' ? '*' : at.address
  return `${isIPv6(host) ? `[${host}]` : host}:${at.port}`
}
