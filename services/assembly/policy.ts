// policy put together on the backend: as it is asked by listeners, or with other DNS and without a memory for whoever rehearses.

import { createSpfCheck } from '#services/authentication/spf.ts'
import type { PolicyServers } from '#services/policy/delegation/servers.ts'
import { createLists } from '#services/policy/lists.ts'
import { createPolicy } from '#services/policy/policy.ts'
import { createDecisionRecorder, type DecisionRecorder } from '#services/policy/records/recorder.ts'
import { createVerification } from '#services/policy/verification.ts'
import type { DecidingPolicy } from '#shared/contracts/policy.ts'
import type { ProbeAddress } from '#shared/contracts/verify.ts'
import { withRewrittenRecipients } from '#shared/directory/rewritten-recipients.ts'
import type { RecordingResolver } from '#shared/dns/recording-resolver.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Backend } from './backend.ts'
import { openQuestionResolvers } from './dns.ts'

export type PolicyWorld = {
  readonly openDns?: () => RecordingResolver
  /** Absent where other servers are not to be asked about addresses: then nobody counts as verified. */
  readonly probe?: ProbeAddress
  /** How old servers are asked about accounts and guests; absent: by `probe`. */
  readonly sourceProbe?: SourceProbe
  /** Whoever reads settings anew goes on with the connections that there are; absent they are opened here. */
  readonly policyServers?: PolicyServers
  /** Whoever stops closes it; absent every line is written. */
  readonly log?: Log
  /** Where others note their decisions with it. */
  readonly recorder?: DecisionRecorder
}

export type SourceProbe = {
  readonly probe: ProbeAddress
  /** In place of `addressVerifyPollDelay`. */
  readonly pollDelayMs: number
}

export const assembleRecorder = ({ settings, store, clock, log }: Backend): DecisionRecorder =>
  createDecisionRecorder({
    counters: store.tables.counters,
    clock,
    log: log.child({ service: 'policy' }),
    options: settings,
  })

export function assemblePolicy(
  backend: Backend,
  {
    log = backend.log.child({ service: 'policy' }),
    openDns = openQuestionResolvers(backend.settings, backend.clock, log),
    probe,
    sourceProbe,
    policyServers,
    recorder = assembleRecorder(backend),
  }: PolicyWorld = {},
): DecidingPolicy {
  const { accessTables, rewriting, mailbox, suspicion, settings, store, clock } = backend
  const { counters } = store.tables
  const { usage } = mailbox
  const directory = withRewrittenRecipients(backend.directory, rewriting)
  return createPolicy({
    lists: createLists({
      directory,
      accessTables,
      usage,
      suspicion,
      counters,
      settings,
      clock,
      log,
      ...(policyServers && { policyServers }),
      verification: probe && createVerification({ counters, probe, clock, log, options: settings }),
      ...(sourceProbe && {
        sourceVerification: createVerification({
          ...{ counters, probe: sourceProbe.probe, clock, log },
          options: { ...settings, addressVerifyPollDelay: sourceProbe.pollDelayMs },
        }),
      }),
    }),
    directory,
    openDns,
    checkSpf: createSpfCheck(settings),
    recorder,
    options: settings,
    log,
  })
}
