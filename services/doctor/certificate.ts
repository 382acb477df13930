// The certificate that SMTP, IMAP and POP3 show: whose it is, until when, and whether others trust it.

import { X509Certificate } from 'node:crypto'
import { WARN_DAYS } from '#shared/net/tls/certificate-warnings.ts'
import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

const DAY_MS = 86_400_000
/** Of one file; chains have three or four. */
const CERTIFICATES_MAX = 20
const END = '-----END CERTIFICATE-----'

/** `names`: of hosts that it has to have. */
export async function checkCertificate(
  world: Pick<DoctorWorld, 'certificate' | 'roots' | 'now'>,
  names: readonly string[],
): Promise<readonly Finding[]> {
  const about = { check: 'certificate', of: names[0] ?? '' } as const
  const renew = 'get one, with all these names, and name it in tls.certificateFile and tls.keyFile'
  const pem = await world.certificate()
  if (pem === undefined) {
    return [{ ...about, state: 'unknown', found: 'it is not here; see where it is kept' }]
  }
  const [leaf, ...chain] = certificatesIn(pem)
  if (leaf === undefined) return [{ ...about, state: 'bad', found: 'cannot be read', next: renew }]
  return [
    judgeDates(leaf, world.now()),
    ...names.map((name): Finding => {
      if (leaf.checkHost(name, { subject: 'never' }) !== undefined) {
        return { check: 'certificate', of: name, state: 'ok', found: 'has this name' }
      }
      const found = `does not have this name, but ${leaf.subjectAltName ?? 'none'}`
      return {
        check: 'certificate',
        of: name,
        state: name === names[0] ? 'bad' : 'warn',
        found,
        next: renew,
      }
    }),
    judgeChain(leaf, chain, world.roots),
  ]
}

function judgeDates({ validFromDate, validToDate }: X509Certificate, nowMs: number): Finding {
  const about = { check: 'certificate', of: 'dates' } as const
  const days = Math.floor((validToDate.getTime() - nowMs) / DAY_MS)
  const until = validToDate.toISOString().slice(0, 10)
  const next = 'see why it was not renewed'
  if (days < 0) return { ...about, state: 'bad', found: `has expired on ${until}`, next }
  if (validFromDate.getTime() > nowMs) {
    const from = validFromDate.toISOString().slice(0, 10)
    return { ...about, state: 'bad', found: `is valid from ${from} on`, next: 'look at the clock' }
  }
  if (days < WARN_DAYS) return { ...about, state: 'warn', found: `expires in ${days} days`, next }
  return { ...about, state: 'ok', found: `expires on ${until}, in ${days} days` }
}

/** From each to the one that issued it, up to one that everybody has. */
function judgeChain(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  roots: readonly string[],
): Finding {
  const about = { check: 'certificate', of: 'chain' } as const
  // One that may not issue others is not its own issuer to `checkIssued`.
  if (leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey)) {
    const next = 'mail is taken with it; clients complain, and MTA-STS and DANE-TA need a real one'
    return { ...about, state: 'warn', found: 'is signed by itself', next }
  }
  let last = leaf
  for (let step = 0; step < CERTIFICATES_MAX; step++) {
    const root = roots.find((text) => isIssuedBy(last, new X509Certificate(text)))
    if (root !== undefined) {
      return {
        ...about,
        state: 'ok',
        found: `leads to ${nameOf(new X509Certificate(root).subject)}`,
      }
    }
    const issuer = chain.find((one) => one !== last && isIssuedBy(last, one))
    if (issuer === undefined) break
    last = issuer
  }
  const next = 'put the certificates of its issuers behind it in tls.certificateFile'
  return {
    ...about,
    state: 'bad',
    found: `ends at ${nameOf(last.subject)}, which nobody knows`,
    next,
  }
}

const isIssuedBy = (one: X509Certificate, issuer: X509Certificate) =>
  one.checkIssued(issuer) && one.verify(issuer.publicKey)

const nameOf = (subject: string) => subject.split('\n').at(-1) ?? subject

function certificatesIn(pem: string): readonly X509Certificate[] {
  const parts = pem.split(END).slice(0, CERTIFICATES_MAX)
  return parts.flatMap((part) => {
    const at = part.indexOf('-----BEGIN CERTIFICATE-----')
    try {
      return at < 0 ? [] : [new X509Certificate(`${part.slice(at)}${END}`)]
    } catch {
      return []
    }
  })
}
