// policy asked without consequences: of a client that somebody thinks of, and of recorded decisions under other settings. It reads what
// is stored and what others say, and writes nothing.

import { createSpfCheck } from '#services/authentication/spf.ts'
import { noPolicyServers } from '#services/policy/delegation/servers.ts'
import { createLists } from '#services/policy/lists.ts'
import { createPolicy } from '#services/policy/policy.ts'
import { decisionsOf, decisionsSince } from '#services/policy/records/reading.ts'
import { type Decided, recordOf } from '#services/policy/records/recorder.ts'
import { createReplayedWorld, replayDecisions } from '#services/policy/replay.ts'
import type { PolicyLists } from '#services/policy/restriction.ts'
import { createVerification } from '#services/policy/verification.ts'
import type { DecisionRecord, Replayed } from '#shared/contracts/decisions.ts'
import type { PolicyVerdict, RecipientRequest } from '#shared/contracts/policy.ts'
import type { SmtpEnvelope } from '#shared/contracts/spool.ts'
import type { ProbeAddress } from '#shared/contracts/verify.ts'
import type { RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { silentLog } from '#shared/runtime/log.ts'
import type { Settings } from '#shared/settings/table.ts'
import { tableLayouts } from '#shared/storage/ports.ts'
import { createRehearsalTable } from '#shared/storage/rehearsal-table.ts'
import type { Backend } from './backend.ts'
import { openPolicyResolver, openQuestionResolvers } from './dns.ts'

/** What was decided about a message, in order. */
export const recordedDecisions = (
  { store }: Backend,
  queueId: QueueId,
): Promise<readonly DecisionRecord[]> => decisionsOf(store.tables.counters, queueId)

/** What RCPT would be told now, and where it is taken, DATA and an empty message: each question with its answer. */
export async function rehearseTransaction(
  backend: Backend,
  request: RecipientRequest,
  openDns = openQuestionResolvers(backend.settings, backend.clock),
): Promise<readonly DecisionRecord[]> {
  const decided: DecisionRecord[] = []
  const note = (one: Decided) => decided.push(recordOf(one, backend.clock.now()))
  const policy = rehearsingPolicy(backend, backend.settings, { openDns, note })
  const verdict = await policy.recipient(request)
  // Of an address that is none nobody was asked.
  if (decided.length === 0) note({ ask: 'recipient', request, trail: [], lookups: {}, verdict })
  if (verdict.kind !== 'permit') return decided
  const { queueId, origin, sender, recipient, declaredBytes } = request
  const { judged } = verdict
  const envelope = { ...emptyEnvelope, sender, recipients: [recipientOf(recipient)] }
  const facts = { queueId, origin, envelope, ...(judged && { judged }) }
  const atData = await policy.data({ ...facts, declaredBytes })
  if (atData.kind !== 'permit') return decided
  const message = { bytes: declaredBytes, receivedFields: 0, from: [], sender: [] }
  await policy.message({ ...facts, ...message, isDataJudged: true })
  return decided
}

/** What RCPT alone would be told now. */
export async function rehearseRecipient(
  backend: Backend,
  request: RecipientRequest,
): Promise<PolicyVerdict> {
  const openDns = openQuestionResolvers(backend.settings, backend.clock)
  return await rehearsingPolicy(backend, backend.settings, { openDns }).recipient(request)
}

const emptyEnvelope: SmtpEnvelope = {
  sender: '',
  recipients: [],
  body: '7BIT',
  smtpUtf8: false,
  requireTls: false,
  dsnReturn: null,
  dsnEnvelopeId: null,
}

const recipientOf = (address: string) => ({ address, notify: [], originalRecipient: null })

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
  const { clock, store } = backend
  const world = createReplayedWorld(live, clock)
  const policy = rehearsingPolicy(
    { ...backend, clock: world.clock },
    // Whether a list is in its right mind was asked once an hour, and stands with a few decisions.
    { ...settings, dnsListTest: false },
    { openDns: world.openDns, lists: world.lists },
  )
  const records = decisionsSince(store.tables.counters, sinceMs, clock.now())
  yield* replayDecisions(records, policy, world)
}

function rehearsingPolicy(
  { directory, accessTables, mailbox, store, clock }: Backend,
  settings: Settings,
  {
    openDns,
    note = () => {},
    lists = (inner) => inner,
  }: {
    readonly openDns: () => RecordingResolver
    readonly note?: (decided: Decided) => void
    readonly lists?: (inner: PolicyLists) => PolicyLists
  },
) {
  const counters = createRehearsalTable(store.tables.counters, tableLayouts.counters, { clock })
  const { usage } = mailbox
  const log = silentLog
  // What is known of addresses counts; nobody is asked.
  const probe: ProbeAddress = async () => ({ kind: 'unknown', reply: 'not asked in a rehearsal' })
  const verification = createVerification({ counters, probe, clock, log, options: settings })
  // What happened on different days is decided within seconds: nobody comes back too fast.
  const forgetful = { ...settings, weightRefusedCacheSize: 0, weightPassedCacheSize: 0 }
  return createPolicy({
    lists: lists(
      createLists({
        directory,
        accessTables,
        usage,
        counters,
        policyServers: noPolicyServers,
        settings: forgetful,
        clock,
        log,
        verification,
      }),
    ),
    directory,
    openDns,
    checkSpf: createSpfCheck(settings),
    recorder: { note, async settle() {} },
    options: settings,
    log,
  })
}
