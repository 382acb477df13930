// How an SMTP session is protected: Postfix's TLS security levels, and what each of them means for a host.

import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import type { Settings } from '#shared/settings/table.ts'

export type TlsSecurityLevel = Settings['smtpTlsSecurityLevel']

/**
 * clear: never STARTTLS. opportunistic: STARTTLS where offered, whoever's certificate. required: no mail and no password
 * without TLS; `names` are what the certificate must be for, null for any certificate.
 */
export type Security =
  | { readonly kind: 'clear' }
  | { readonly kind: 'opportunistic' }
  | {
      readonly kind: 'required'
      readonly names: readonly string[] | null
      /** PEM certificates to trust instead of the usual ones. */
      readonly ca: string | undefined
    }

export function securityFor(
  level: TlsSecurityLevel,
  to: {
    readonly host: string
    /** The domain or host that mail is for, or the relay host. */
    readonly nextHop: string
    /** Whether a password is sent. */
    readonly logsIn: boolean
    readonly ca: string | undefined
  },
): Security {
  const { host, nextHop, logsIn, ca } = to
  switch (level) {
    case 'none':
    case 'may':
    case 'auto':
      // Whatever else is said, a password goes to nobody but the relay host.
      if (logsIn) return { kind: 'required', names: [host], ca }
      return level === 'none' ? { kind: 'clear' } : { kind: 'opportunistic' }
    case 'encrypt':
      return { kind: 'required', names: null, ca }
    case 'verify':
      return { kind: 'required', names: [host], ca }
    case 'secure':
      // As Postfix (nexthop, dot-nexthop): DNS may be forged, so a host's own name counts only within the domain.
      return {
        kind: 'required',
        names: host.endsWith(`.${nextHop}`) ? [nextHop, host] : [nextHop],
        ca,
      }
  }
}

/** For nodemailer, which shakes hands. */
export function tlsConnectionOptions(security: Security): ConnectionOptions {
  if (security.kind !== 'required' || security.names === null) return { rejectUnauthorized: false }
  const [first = '', ...others] = security.names
  return {
    ...(security.ca === undefined ? {} : { ca: security.ca }),
    rejectUnauthorized: true,
    checkServerIdentity(_, certificate) {
      const wrong = checkServerIdentity(first, certificate)
      const isForAnother = others.some((name) => !checkServerIdentity(name, certificate))
      return isForAnother ? undefined : wrong
    },
  }
}
