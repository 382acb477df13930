// Who is on the other side, once TLS runs: what is proven, in Postfix's words, or what is missing.

import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { TlsFailureType } from '#shared/contracts/tls-report.ts'
import { chainOf, isForOneOf, leadsTo } from './certificate-chain.ts'
import type { HostSecurity, Proof, Verdict } from './host-security.ts'
import { DANE_EE, DANE_TA, matchesRecord } from './tlsa.ts'

export type Judgement =
  | { readonly kind: 'proven'; readonly verdict: Verdict }
  | {
      readonly kind: 'unproven'
      /** For people: `certificate is for other.test`. */
      readonly why: string
      readonly type: TlsFailureType
      readonly verdict: Verdict
    }

export function judgePeer(
  socket: TLSSocket,
  security: Exclude<HostSecurity, { readonly kind: 'clear' }>,
  nowMs: number,
): Judgement {
  const proof = security.kind === 'required' ? security.proof : { kind: 'nothing' as const }
  return judge(readPeer(socket), proof, nowMs)
}

/** The same for what was only to be tested. */
export function judgeTested(socket: TLSSocket, proof: Proof, nowMs: number): Judgement {
  return judge(readPeer(socket), proof, nowMs)
}

type Peer = {
  readonly chain: readonly X509Certificate[]
  /** Why its certificate leads to no authority that we trust, OpenSSL's code; undefined where it does. */
  readonly distrust: string | undefined
}

function readPeer(socket: TLSSocket): Peer {
  // Node's types promise an Error; it is the code of one.
  const error: unknown = socket.authorizationError
  return { chain: chainOf(socket), distrust: socket.authorized ? undefined : String(error) }
}

function judge({ chain, distrust }: Peer, proof: Proof, nowMs: number): Judgement {
  const [own] = chain
  const unnamed: Verdict =
    own === undefined ? 'Anonymous' : distrust === undefined ? 'Trusted' : 'Untrusted'
  if (proof.kind === 'nothing') return { kind: 'proven', verdict: unnamed }
  if (own === undefined) {
    return unproven('no certificate was sent', 'certificate-not-trusted', unnamed)
  }
  switch (proof.kind) {
    case 'names': {
      if (distrust !== undefined) return unproven(tellDistrust(distrust), typeOf(distrust), unnamed)
      if (isForOneOf(own, proof.names)) return { kind: 'proven', verdict: 'Verified' }
      const why = `its certificate is not for ${proof.names.join(' or ')}`
      return unproven(why, 'certificate-host-mismatch', unnamed)
    }
    case 'fingerprints':
      return fingerprintsOf(own).some((one) => proof.fingerprints.includes(one))
        ? { kind: 'proven', verdict: 'Verified' }
        : unproven('its certificate has another fingerprint', 'certificate-not-trusted', unnamed)
    case 'dane':
      return judgeByDane(chain, own, proof, { unnamed, nowMs })
  }
}

type DaneProof = Extract<Proof, { readonly kind: 'dane' }>

function judgeByDane(
  chain: readonly X509Certificate[],
  own: X509Certificate,
  { records, names, isVerified }: DaneProof,
  { unnamed, nowMs }: { readonly unnamed: Verdict; readonly nowMs: number },
): Judgement {
  const proven: Judgement = { kind: 'proven', verdict: isVerified ? 'Verified' : 'Trusted' }
  const of = (usage: number) => records.filter((record) => record.usage === usage)
  // RFC 7672 §3.1.1: neither its names nor its dates count.
  if (of(DANE_EE).some((record) => matchesRecord(own, record))) return proven
  const isAnchor = (one: X509Certificate) =>
    of(DANE_TA).some((record) => matchesRecord(one, record))
  if (!leadsTo(chain, isAnchor, nowMs)) {
    return unproven(
      'its certificate is not that of its TLSA records',
      'validation-failure',
      unnamed,
    )
  }
  if (isForOneOf(own, names)) return proven
  const why = `its certificate is not for ${names.join(' or ')}`
  return unproven(why, 'certificate-host-mismatch', unnamed)
}

/** Of the certificate, and of its public key. */
function fingerprintsOf(certificate: X509Certificate): readonly string[] {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return [certificate.raw, key].map((bytes) => createHash('sha256').update(bytes).digest('hex'))
}

const unproven = (why: string, type: TlsFailureType, verdict: Verdict): Judgement => ({
  kind: 'unproven',
  why,
  type,
  verdict,
})

const typeOf = (code: string): TlsFailureType =>
  code === 'CERT_HAS_EXPIRED' ? 'certificate-expired' : 'certificate-not-trusted'

/** In words for who reads them in the queue. */
const distrusts = new Map([
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is of an authority that is not trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its certificate is of an authority that is not trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate is of an authority that is not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'it did not send the certificates of its authority'],
])

const tellDistrust = (code: string) =>
  distrusts.get(code) ?? `its certificate is not trusted (${code})`
