// Where mail goes next: a value, and Postfix's notation for it. Settings, queue and delivery all read and write it here.

import { isIP } from 'node:net'
import { literalAddress, parseDomain } from './domain.ts'

export type NextHop = {
  /** A host name in A-labels, or an IP address. */
  readonly host: string
  readonly port: number
  /** Whether the host is a domain whose MX records name the real hosts. */
  readonly lookUpMx: boolean
}

export const SMTP_PORT = 25
/** Postfix's lmtp_tcp_port. */
export const LMTP_PORT = 24

/** `domain`, `domain:port`, `[host]`, `[host]:port`; the host in brackets may be an IP address or an address literal. */
export function parseNextHop(text: string, usualPort = SMTP_PORT): NextHop | undefined {
  const [, bracketed, bare = '', digits] =
    /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const port = digits === undefined ? usualPort : Number(digits)
  if (port < 1 || port > 65_535) return undefined
  if (bracketed === undefined) {
    const host = parseDomain(bare)
    return host && { host, port, lookUpMx: true }
  }
  if (isIP(bracketed)) return { host: bracketed, port, lookUpMx: false }
  const literal = parseDomain(`[${bracketed}]`)
  const host = literal === undefined ? parseDomain(bracketed) : literalAddress(literal)
  return host === undefined ? undefined : { host, port, lookUpMx: false }
}

/** The shortest text that reads as this hop: without the port where it is the usual one. */
export function formatNextHop({ host, port, lookUpMx }: NextHop, usualPort = SMTP_PORT): string {
  const name = lookUpMx ? host : `[${host}]`
  return port === usualPort ? name : `${name}:${port}`
}

export function isSameHop(one: NextHop, other: NextHop): boolean {
  return one.host === other.host && one.port === other.port && one.lookUpMx === other.lookUpMx
}
