// How control of a name is proved to the authority (RFC 8555 §8): by a record in the DNS, by a file over HTTP, or by a certificate that
// is shown to whoever asks for it by its protocol.

import { createHash } from 'node:crypto'
import type { DnsChallenges } from '../issuer.ts'

export type ChallengeType = 'dns-01' | 'http-01' | 'tls-alpn-01'

export type Proof = {
  readonly name: string
  readonly token: string
  /** RFC 8555 §8.1 */
  readonly keyAuthorization: string
}

export interface ChallengeSolver {
  readonly type: ChallengeType
  /** Where the authority looks, for whoever reads why it was refused. */
  placeOf(proof: Proof): string
  /** Resolves when the authority may look. */
  publish(proof: Proof): Promise<void>
  remove(proof: Proof): Promise<void>
}

/** RFC 8555 §8.4 */
export function byDns(challenges: DnsChallenges): ChallengeSolver {
  const placeOf = ({ name }: Proof) => `_acme-challenge.${name}`
  const digestOf = ({ keyAuthorization }: Proof) =>
    createHash('sha256').update(keyAuthorization).digest('base64url')
  return {
    type: 'dns-01',
    placeOf,
    publish: (proof) => challenges.publish(placeOf(proof), digestOf(proof)),
    remove: (proof) => challenges.remove(placeOf(proof), digestOf(proof)),
  }
}
