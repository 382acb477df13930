// Where policies of MTA-STS are kept beyond the process.

import type { StsText } from './sts-policy.ts'

export type KeptPolicy = StsText & { readonly id: string; readonly fetchedMs: number }

export interface StsStore {
  /** Undefined for none that holds. */
  read(domain: string): Promise<KeptPolicy | undefined>
  write(domain: string, policy: KeptPolicy): Promise<void>
}

export const endOf = ({ fetchedMs, maxAgeSeconds }: KeptPolicy) => fetchedMs + maxAgeSeconds * 1_000
