import { isIPv4 } from 'node:net'

/** An IPv4 client of a dual-stack listener has a mapped address (RFC 4291 §2.5.5.2); everywhere it is shown as IPv4. */
export function plainAddress(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '')
  return isIPv4(mapped) ? mapped : address
}
