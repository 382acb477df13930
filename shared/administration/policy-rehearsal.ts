// What administration asks of policy: decisions without consequences, and the settings that are its lists.

import type { DecisionRecord, Replayed } from '#shared/contracts/decisions.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import type { Settings } from '#shared/settings/table.ts'

/** policy asked without consequences; assembled by whoever has it. */
export interface PolicyRehearsal {
  transaction(
    request: RecipientRequest,
    options: { readonly dnsServers?: readonly string[] | undefined },
  ): Promise<readonly DecisionRecord[]>
  replay(options: {
    readonly settings?: Settings | undefined
    readonly sinceMs: number
    readonly asksDns: boolean
  }): AsyncIterable<Replayed>
}

export const listSettings = [
  'smtpdClientRestrictions',
  'smtpdHeloRestrictions',
  'smtpdSenderRestrictions',
  'smtpdRelayRestrictions',
  'smtpdRecipientRestrictions',
  'smtpdDataRestrictions',
  'smtpdEndOfDataRestrictions',
  'submissionClientRestrictions',
  'submissionHeloRestrictions',
  'submissionSenderRestrictions',
  'submissionRelayRestrictions',
  'submissionRecipientRestrictions',
  'submissionDataRestrictions',
  'submissionEndOfDataRestrictions',
  'smtpdRestrictionClasses',
] as const satisfies readonly (keyof Settings)[]

export type PolicyListSettings = Pick<Settings, (typeof listSettings)[number]>
