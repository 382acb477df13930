// The policy of MTA-STS that we serve (RFC 8461 §3.2), and what names it in the DNS.

import { createHash } from 'node:crypto'

export type StsPolicySettings = {
  readonly hostname: string
  readonly mtaStsMode: 'off' | 'testing' | 'enforce' | 'none'
  readonly mtaStsMaxAge: number
  readonly mtaStsMx: readonly string[]
}

/** Undefined where none is wanted. */
export function stsPolicyText(settings: StsPolicySettings): string | undefined {
  const { mtaStsMode, mtaStsMaxAge, mtaStsMx, hostname } = settings
  if (mtaStsMode === 'off') return undefined
  const hosts = mtaStsMx.length === 0 ? [hostname] : mtaStsMx
  // §3.2: a policy that is taken back names no hosts.
  const mx = mtaStsMode === 'none' ? [] : hosts.map((host) => `mx: ${host}`)
  const maxAge = `max_age: ${Math.floor(mtaStsMaxAge / 1_000)}`
  return ['version: STSv1', `mode: ${mtaStsMode}`, ...mx, maxAge, ''].join('\r\n')
}

/** §3.1: another one whenever the policy is another one. */
export const stsPolicyId = (text: string) =>
  createHash('sha256').update(text).digest('hex').slice(0, STS_ID_CHARACTERS)

/** At most 32. */
const STS_ID_CHARACTERS = 20

export const stsHost = (domain: string) => `mta-sts.${domain}`
export const STS_PATH = '/.well-known/mta-sts.txt'
