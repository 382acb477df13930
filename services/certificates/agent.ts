// Keeps the stored certificate good: looks at it, asks the issuer when that is due, checks what comes back and stores it.
//
// Implementation notes: whatever fails, the stored certificate stays. Nothing is stored that the listeners would refuse. Two runs
// at once do no harm but may order a certificate each.

import { X509Certificate } from 'node:crypto'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { whyUnusable } from '#shared/net/tls/certificate-files.ts'
import { daysLeft } from '#shared/net/tls/days-left.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { CertificateIssuer, CertificateStore } from './issuer.ts'

/** A certificate with fewer days left is renewed. */
export const RENEW_DAYS = 30
/** Of a certificate that lives shorter than 90 days the last third; otherwise it would be ordered anew every day. */
const RENEW_PART = 1 / 3

export type AgentDecision =
  /** The stored certificate is good, and there is nothing newer. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'renewed' }
  /** The stored one is due, and the issuer has nothing newer yet. */
  | { readonly kind: 'waiting'; readonly reason: string }
  /** What the issuer gave is not usable here; somebody must look at it. */
  | { readonly kind: 'refused'; readonly reason: string }

export type AgentOptions = {
  readonly hostname: string
  /** Further names that it must have. */
  readonly names?: readonly string[]
  readonly issuer: CertificateIssuer
  readonly store: CertificateStore
  readonly clock: Clock
  readonly log: Log
}

export async function renewCertificate(options: AgentOptions): Promise<AgentDecision> {
  const { hostname, names = [], issuer, store, clock, log } = options
  const all = [hostname, ...names]
  const current = await store.read()
  const due = whyDue(current, all, clock.now())
  const facts = (pair: CertificatePair | undefined) => describe(pair, clock.now())
  if (due === undefined && issuer.asked === 'when due') return kept()

  const issued = await issuer.issue(current)
  if (issued === undefined || issued.cert === current?.cert) {
    if (due === undefined) return kept()
    log.warn({ hostname, reason: due, ...facts(current) }, 'certificate due, nothing newer yet')
    return { kind: 'waiting', reason: due }
  }
  const wrong = whyWrong(issued, all, clock.now())
  if (wrong !== undefined) {
    log.error({ hostname, reason: wrong }, 'issued certificate refused, old one kept')
    return { kind: 'refused', reason: wrong }
  }
  await store.write(issued)
  log.info({ hostname, reason: due ?? 'newer', ...facts(issued) }, 'certificate renewed')
  return { kind: 'renewed' }

  function kept(): AgentDecision {
    log.info({ hostname, ...facts(current) }, 'certificate kept')
    return { kind: 'kept' }
  }
}

/** Undefined: good as it is. */
function whyDue(
  current: CertificatePair | undefined,
  names: readonly string[],
  nowMs: number,
): string | undefined {
  if (current === undefined) return 'no usable certificate'
  const certificate = new X509Certificate(current.cert)
  if (!hasAll(certificate, names)) return 'made for other names'
  const lifeDays = daysLeft(current, certificate.validFromDate.getTime())
  const renewDays = Math.min(RENEW_DAYS, lifeDays * RENEW_PART)
  return daysLeft(current, nowMs) < renewDays ? 'expires soon' : undefined
}

const hasAll = (certificate: X509Certificate, names: readonly string[]) =>
  names.every((name) => certificate.checkHost(name) !== undefined)

function whyWrong(
  pair: CertificatePair,
  names: readonly string[],
  nowMs: number,
): string | undefined {
  const unusable = whyUnusable(pair)
  if (unusable !== undefined) return unusable
  const certificate = new X509Certificate(pair.cert)
  if (!hasAll(certificate, names)) {
    return `made for ${certificate.subjectAltName ?? 'no name'}`
  }
  return daysLeft(pair, nowMs) <= 0 ? 'expired' : undefined
}

function describe(pair: CertificatePair | undefined, nowMs: number) {
  if (pair === undefined) return {}
  const { serialNumber, issuer } = new X509Certificate(pair.cert)
  return { serialNumber, issuer, daysLeft: Math.floor(daysLeft(pair, nowMs)) }
}
