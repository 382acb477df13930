// What delivery tells of each session with another host: how it was protected, successes too (RFC 8460). Whoever keeps it sends reports of it.

export interface TlsReportSink {
  /** Never rejects, and nobody waits for it. */
  note(outcome: TlsOutcome): void
}

export type TlsOutcome = {
  readonly policy: ReportedPolicy
  readonly result: 'success' | TlsFailureType
  /** The MX name, and the address that was spoken to; of what was not spoken to ''. */
  readonly host: string
  readonly address: string
  /** Ours, that was connected from; '' where it did not come to that. */
  readonly localAddress: string
  readonly reason: string
}

/** RFC 8460 §4.3. */
export type TlsFailureType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'

export const nobodyTold: TlsReportSink = { note() {} }

/** RFC 8460 §4.4, `policy`. */
export type ReportedPolicy = {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found'
  /** Whose reports it is for. */
  readonly domain: string
  readonly strings: readonly string[]
  readonly mxHosts: readonly string[]
}
