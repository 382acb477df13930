import type { SecurityOf } from '#services/delivery/remote/tls/host-security.ts'
import { createSecurityOf, type TlsPolicyOptions } from '#services/delivery/remote/tls/policies.ts'
import { inlineMaps } from './inline-maps.ts'

/** As the settings are when nobody has set them, but for these. */
export const tlsPolicyOptions = (changes: Partial<TlsPolicyOptions> = {}): TlsPolicyOptions => ({
  level: 'auto',
  policyMaps: [],
  protocols: { min: 'TLSv1', max: 'TLSv1.3' },
  mandatoryProtocols: { min: 'TLSv1.2', max: 'TLSv1.3' },
  ciphers: 'medium',
  mandatoryCiphers: 'medium',
  fingerprints: [],
  ca: undefined,
  clientCertificate: undefined,
  clearAfterMs: 300_000,
  ...changes,
})

/** Of options alone: no name server is believed, and no domain has a policy. */
export const securityBy = (changes: Partial<TlsPolicyOptions> = {}): SecurityOf =>
  createSecurityOf({ options: tlsPolicyOptions(changes), maps: inlineMaps, dane: null, sts: null })
