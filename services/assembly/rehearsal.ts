// policy asked without consequences: of a client that somebody thinks of, and of recorded decisions under other settings. It reads what
// is stored and what others say, and writes nothing.

import { createSpfCheck } from '#services/authentication/spf.ts'
import { createLists } from '#services/policy/lists.ts'
import { createPolicy } from '#services/policy/policy.ts'
import type { DecisionRecord } from '#services/policy/records/decision-record.ts'
import { decisionsOf, decisionsSince } from '#services/policy/records/reading.ts'
import type { Decided } from '#services/policy/records/recorder.ts'
import { type Replayed, replayDecisions, replayDns } from '#services/policy/replay.ts'
import type { RecipientRequest } from '#shared/contracts/policy.ts'
import type { RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { asTable, createRehearsalTable } from '#shared/storage/rehearsal-table.ts'
import type { Backend } from './backend.ts'
import { openPolicyResolver, openQuestionResolvers } from './dns.ts'

/** What was decided about a message, in order. */
export const recordedDecisions = (
  { store }: Backend,
  queueId: QueueId,
): Promise<readonly DecisionRecord[]> => decisionsOf(store.tables.counters, queueId)

/** What RCPT would be told now. */
export async function rehearseRecipient(
  backend: Backend,
  request: RecipientRequest,
): Promise<Decided> {
  const decided: Decided[] = []
  const openDns = openQuestionResolvers(backend.settings, backend.clock)
  const policy = rehearsingPolicy(backend, backend.settings, openDns, (one) => decided.push(one))
  const verdict = await policy.recipient(request)
  const [found] = decided
  return found ?? { ask: 'recipient', request, trail: [], lookups: {}, verdict }
}

/** What was decided since then, decided by other settings. `asksDns`: for what was not asked then. */
export async function* replaySince(
  backend: Backend,
  {
    settings,
    sinceMs,
    asksDns,
  }: {
    readonly settings: Settings
    readonly sinceMs: number
    readonly asksDns: boolean
  },
): AsyncGenerator<Replayed> {
  const live: Resolver | undefined = asksDns ? openPolicyResolver(settings) : undefined
  const dns = replayDns(live)
  const policy = rehearsingPolicy(backend, settings, dns.open, () => {})
  const { counters } = backend.store.tables
  yield* replayDecisions(decisionsSince(counters, sinceMs, backend.clock.now()), policy, dns)
}

function rehearsingPolicy(
  { directory, accessTables, mailbox, store, clock }: Backend,
  settings: Settings,
  openDns: () => RecordingResolver,
  note: (decided: Decided) => void,
) {
  const counters = asTable(createRehearsalTable(store.tables.counters))
  const { usage } = mailbox
  const log = silentLog
  // What happened on different days is decided within seconds: nobody comes back too fast.
  const forgetful = { ...settings, weightRefusedCacheSize: 0, weightPassedCacheSize: 0 }
  return createPolicy({
    lists: createLists({
      directory,
      accessTables,
      usage,
      counters,
      settings: forgetful,
      clock,
      log,
    }),
    directory,
    openDns,
    checkSpf: createSpfCheck(settings),
    recorder: { note, async settle() {} },
    options: settings,
    log,
  })
}
