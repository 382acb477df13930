// Success reports of aliases. Whoever wrote to an alias of several addresses and wants to be told of success is told once, that it was
// expanded; those behind it report failures and delays alone (RFC 3461 §5.2.7.3, as Postfix). With one address behind it the wish goes
// on to that (§5.2.7.1).

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { ExpandedRecipients } from '#shared/queue/pipeline.ts'
import type { QueuedMessage, QueuedRecipient } from '#shared/queue/records.ts'
import { expanded, lastResult } from '#shared/queue/results.ts'

export type ReportingExpansion = ExpandedRecipients & {
  /** Done with, for their sender to be told. */
  readonly aliases: readonly QueuedRecipient[]
}

export function reportingOnAliases(
  { envelope, filter }: Pick<QueuedMessage, 'envelope' | 'filter'>,
  expansion: ExpandedRecipients,
  atMs: number,
): ReportingExpansion {
  const isAsked = envelope.recipients.some(wantsSuccess)
  if (!isAsked || filter !== null) return { ...expansion, aliases: [] }
  const { local, remote, failed } = expansion
  const all = [...local, ...remote, ...failed.map(({ recipient }) => recipient)]
  // A copy that nobody is told of makes no alias.
  const counts = new Map<string, number>()
  for (const { original } of all.filter(wantsSuccess))
    counts.set(original, (counts.get(original) ?? 0) + 1)
  const isMember = ({ original, ...recipient }: FinalRecipient) =>
    wantsSuccess(recipient) && (counts.get(original) ?? 0) > 1
  const member = <Recipient extends FinalRecipient>(recipient: Recipient): Recipient =>
    isMember(recipient) ? { ...recipient, notify: withoutSuccess(recipient) } : recipient
  const aliases = new Map<string, QueuedRecipient>()
  for (const recipient of all) {
    if (isMember(recipient)) aliases.set(recipient.original, aliasOf(recipient, atMs))
  }
  return {
    local: local.map(member),
    remote: remote.map(member),
    failed: failed.map((one) => ({ ...one, recipient: member(one.recipient) })),
    aliases: [...aliases.values()],
  }
}

const wantsSuccess = ({ notify }: Pick<FinalRecipient, 'notify'>) => notify.includes('SUCCESS')

/** Who wants to hear of nothing else hears of nothing. */
function withoutSuccess({ notify }: FinalRecipient): FinalRecipient['notify'] {
  const others = notify.filter((wish) => wish !== 'SUCCESS')
  return others.length === 0 ? ['NEVER'] : others
}

function aliasOf({ original, originalRecipient }: FinalRecipient, atMs: number): QueuedRecipient {
  return {
    address: original,
    accountId: null,
    extension: null,
    original,
    notify: ['SUCCESS'],
    originalRecipient,
    last: lastResult(expanded, { remoteMta: null, atMs, attempts: 0 }),
  }
}
