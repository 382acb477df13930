// How a session with a host of a next hop is protected: what `SecurityOf` decides before the host is spoken to, and what the client then
// obeys. A client asks for each host, and does what tls-client.ts says at STARTTLS.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { ReportedPolicy } from '#shared/contracts/tls-report.ts'
import type { NextHop } from '#shared/mail/next-hop.ts'
import type { ProtocolRange } from '#shared/settings/tls-kinds.ts'
import type { TlsaRecord } from './tlsa.ts'

/** `Undelivered`: this host is not to be used, because; the next one may be. */
export type SecurityOf = (to: HostQuestion) => Promise<HostSecurity | Undelivered>

export type HostQuestion = {
  /** As mail is routed: the domain, or the host that was named. */
  readonly hop: NextHop
  /** The host that is tried, of those of the hop; a name in A-labels, or an address. */
  readonly host: string
  /** Whether a password is sent. */
  readonly logsIn: boolean
  /** RFC 8689 §4.2.1: of a message with a sender; one without is not lost for it. */
  readonly requireTls: boolean
  /** RFC 8689 §5: `TLS-Required: No` in its header. */
  readonly tlsRequiredNo: boolean
  /** How long the message has been in the queue. */
  readonly ageMs: number
}

export type HostSecurity =
  /** Never STARTTLS. */
  | { readonly kind: 'clear' }
  /** STARTTLS where offered, whoever's certificate. */
  | {
      readonly kind: 'opportunistic'
      /** Whether a handshake that breaks may be followed by a fresh connection in clear. */
      readonly mayBeClear: boolean
      readonly terms: TlsTerms
    }
  /** No mail and no password without TLS, and without the proof. */
  | { readonly kind: 'required'; readonly proof: Proof; readonly terms: TlsTerms }

/** Of who is on the other side. */
export type Proof =
  | { readonly kind: 'nothing' }
  /** A certificate by an authority we trust, for one of these names; `.example.net` is any name below it. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** Of the certificate or its public key, SHA-256 in hexadecimal digits of lower case. */
  | { readonly kind: 'fingerprints'; readonly fingerprints: readonly string[] }
  | {
      readonly kind: 'dane'
      /** Usable ones, at least one. */
      readonly records: readonly TlsaRecord[]
      /** Of the certificate, where an authority is pinned (RFC 7672 §3.1.2). */
      readonly names: readonly string[]
      /** Whether the way from the domain to the host's name is proven as well. */
      readonly isVerified: boolean
    }

export type TlsTerms = {
  /** SNI; undefined for an address. */
  readonly servername: string | undefined
  readonly protocols: ProtocolRange
  /** For OpenSSL. */
  readonly ciphers: string
  /** PEM certificates to trust instead of the usual ones. */
  readonly ca: string | undefined
  /** Shown to hosts that ask for one, PEM. */
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined
  /** What decided, in words: `smtpTlsPolicyMaps for example.net: secure`. */
  readonly policy: string
  /** RFC 8689: the host must offer REQUIRETLS once TLS runs, and gets it with MAIL. */
  readonly requireTls: boolean
  /** Policies of the domain that the session is counted under; none where nobody is told. */
  readonly reported: readonly ReportedPolicy[]
  /** What MTA-STS in testing, or TLS itself, would have refused; told to the domain, and nothing else follows. */
  readonly tested: Extract<Proof, { readonly kind: 'names' }> | undefined
}

/** Postfix's words. Anonymous: no certificate. Trusted: by an authority we know. Verified: who it should be. */
export type Verdict = 'Anonymous' | 'Untrusted' | 'Trusted' | 'Verified'
