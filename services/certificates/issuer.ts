// What the agent needs of the world.

import type { CertificatePair } from '#shared/net/tls/certificate.ts'

export interface CertificateIssuer {
  /** Whether to ask only when the current certificate is due: `issue` makes a new one each time, and authorities count them. */
  readonly asked: 'always' | 'when due'
  /** Undefined: there is nothing newer than the current one. */
  issue(current: CertificatePair | undefined): Promise<CertificatePair | undefined>
}

export interface CertificateStore {
  /** Undefined when nothing usable is stored. */
  read(): Promise<CertificatePair | undefined>
  write(pair: CertificatePair): Promise<void>
}

/** TXT records that prove control of a name (RFC 8555 §8.4). */
export interface DnsChallenges {
  /** Resolves when every name server of the zone answers with the value. */
  publish(name: string, value: string): Promise<void>
  remove(name: string, value: string): Promise<void>
}

/** Where the key of the ACME account is kept. */
export interface AccountKeyStore {
  /** PEM; undefined when there is none yet. */
  read(): Promise<string | undefined>
  write(key: string): Promise<void>
}
