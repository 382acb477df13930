// What a doctor measures with. Each rejects where something cannot be measured, which says nothing of how it is.

import type { ReadRecords } from '#shared/administration/dns/published.ts'
import type { DiskFacts, ServerFacts } from '#shared/administration/status.ts'
import type { PolicyVerdict } from '#shared/contracts/policy.ts'
import type { QueueCounts } from '#shared/queue/listing.ts'

export interface DoctorWorld {
  readonly readRecords: ReadRecords
  /** Whether the name server that is asked says of a signed answer that it has validated it (the AD bit, RFC 4035 §3.2.3). */
  isValidating(): Promise<boolean>
  /** How far the clock is ahead of one that others keep. */
  clockAheadMs(): Promise<number>
  /** Says these lines to a mail host, one after each reply; the replies, its greeting first, each the text of all its lines. */
  smtp(host: string, port: number, lines: readonly string[]): Promise<readonly string[]>
  /** What a stranger is told at RCPT who would send from elsewhere to elsewhere, by the settings that we see; nobody is asked for it. */
  askedByStranger(envelope: {
    readonly sender: string
    readonly recipient: string
  }): Promise<PolicyVerdict>
  /** Follows nothing, and trusts only whom everybody trusts (RFC 8461 §3.3). */
  get(
    url: string,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }>
  /** PEM, with its chain; undefined where there is none here. */
  certificate(): Promise<string | undefined>
  /** PEM; whom everybody trusts. */
  readonly roots: readonly string[]
  /** Changed while the system ran: with their values, those that count, and those that do not, with the reason. */
  changedSettings(): Promise<{
    readonly inForce: readonly { readonly path: string; readonly value: string }[]
    readonly unused: readonly { readonly path: string; readonly reason: string }[]
  }>
  server(): Promise<ServerFacts | undefined>
  disk(): Promise<DiskFacts | undefined>
  queue(): Promise<QueueCounts & { readonly oldestMs: number | undefined }>
  now(): number
}
