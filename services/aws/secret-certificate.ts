// The listeners' certificate out of one secret, read again every few minutes, so that a renewed certificate comes into use without
// a restart. A version that cannot be used is refused and logged, and the old one stays. A first deployment has no certificate
// yet: then a self-signed one keeps the listeners up until the first good version comes.

import type { CertificatePair, CertificateSource } from '#shared/net/tls/certificate.ts'
import { parseCertificateSecret } from '#shared/net/tls/certificate-secret.ts'
import { daysLeft } from '#shared/net/tls/days-left.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Secret, SecretStage } from './secrets.ts'

export type SecretCertificateOptions = {
  readonly secret: Pick<Secret, 'read'>
  /** What a self-signed certificate is made for. */
  readonly hostname: string
  readonly clock: Clock
  /** At least 0 and below 1: spreads the tasks, which start together. */
  readonly random: () => number
  readonly log: Log
}

export type SecretCertificate = CertificateSource & {
  /** Self-signed, because there is no usable one yet. */
  readonly isStandIn: boolean
}

export const RECHECK_MS = 10 * 60_000
/** While there is only a self-signed certificate: somebody is waiting for the real one. */
export const FIRST_RECHECK_MS = 60_000
/** The part of a pause that chance may take off. */
export const JITTER = 0.2

type InUse = { readonly pair: CertificatePair; readonly versionId: string | undefined }

/** Rejects when the secret cannot be read: a task that may not read it must not take the place of one that could. */
export async function openSecretCertificate(
  options: SecretCertificateOptions,
): Promise<SecretCertificate> {
  const { secret, clock, random, log } = options
  const listeners: (() => void)[] = []
  const closing = new AbortController()
  let refused: string | undefined

  /** The version of this stage, if it is not the one in use and can be used. */
  async function load(stage: SecretStage, usedId?: string): Promise<InUse | undefined> {
    const version = await secret.read(stage)
    if (version === undefined) return undefined
    const { versionId, text } = version
    if (versionId === usedId || versionId === refused) return undefined
    const reading = parseCertificateSecret(text)
    if (reading.kind === 'usable') return { pair: reading.pair, versionId }
    if (stage === 'AWSCURRENT') refused = versionId // said once, not every few minutes
    log.warn({ versionId, stage, reason: reading.reason }, 'certificate refused')
    return undefined
  }

  async function watch(): Promise<void> {
    for (;;) {
      const pauseMs = inUse.versionId === undefined ? FIRST_RECHECK_MS : RECHECK_MS
      await clock.sleep(pauseMs * (1 - JITTER * random()), closing.signal)
      if (closing.signal.aborted) return
      const next = await load('AWSCURRENT', inUse.versionId).catch((error) => {
        log.warn({ error }, 'cannot read the certificate secret, certificate kept')
        return undefined
      })
      if (next === undefined || closing.signal.aborted) continue
      inUse = next
      tell('certificate changed')
      for (const listener of listeners) listener()
    }
  }

  function tell(message: string): void {
    const { pair, versionId } = inUse
    log.info({ versionId, daysLeft: Math.floor(daysLeft(pair, clock.now())) }, message)
  }

  const stored = (await load('AWSCURRENT')) ?? (await load('AWSPREVIOUS'))
  let inUse: InUse = stored ?? selfSigned(options)
  if (stored !== undefined) tell('certificate in use')
  void watch()
  return {
    current: () => inUse.pair,
    get isStandIn() {
      return inUse.versionId === undefined
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => closing.abort(),
  }
}

function selfSigned({ hostname, clock, log }: SecretCertificateOptions): InUse {
  log.warn({ hostname }, 'the secret has no usable certificate, self-signed one in use')
  return { pair: makeSelfSigned(hostname, new Date(clock.now())), versionId: undefined }
}
