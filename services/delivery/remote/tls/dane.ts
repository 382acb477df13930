// What the DNS proves of a host (RFC 7672 §2.2): whether the way to its name is signed, and which TLSA records it has.

import type { NextHop } from '#shared/mail/next-hop.ts'
import type { TlsaRecord } from './tlsa.ts'

export interface Dane {
  findFor(hop: NextHop, host: string): Promise<DaneFinding>
}

export type DaneFinding =
  /** At least one record, all of them usable. */
  | {
      readonly kind: 'usable'
      readonly records: readonly TlsaRecord[]
      /** Where they were found: SNI, and the name of the certificate. */
      readonly base: string
      /** Names that count as well (RFC 7672 §3.2.2). */
      readonly names: readonly string[]
      readonly isMxSecure: boolean
    }
  /** There are records, and none that a mail client uses. */
  | { readonly kind: 'unusable'; readonly base: string; readonly isMxSecure: boolean }
  | { readonly kind: 'none'; readonly isMxSecure: boolean }
  /** It cannot be known now, or somebody does not want it to be known. */
  | { readonly kind: 'failure'; readonly why: string }
