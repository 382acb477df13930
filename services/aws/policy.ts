// The function `policy`: asked by the listeners at RCPT, and at the end of a message whose authors it must look up
// (shared/contracts/policy.ts).

import { assemblePolicy } from '#services/assembly/policy.ts'
import { createSparingLog } from '#shared/net/sparing-log.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { withDnsListKeys } from './dns-list-keys.ts'
import { beforeAnswer, openFunction } from './functions.ts'
import { answerQuestion } from './policy-wire.ts'
import { remade } from './running.ts'
import { openSecretsManager, Secret } from './secrets.ts'
import { createSourceProbe } from './source-probe.ts'

const opened = await openFunction('policy', process.env)
const { log } = opened
const secretOf = (arn: string) => new Secret(openSecretsManager(), arn)
const policyInForce = remade(opened.running, async (backend) =>
  assemblePolicy(
    { ...backend, settings: await withDnsListKeys(backend.settings, secretOf, log) },
    // Never closed: a function that is frozen tells later how many there were, or never.
    { log: createSparingLog(log, systemClock), sourceProbe: createSourceProbe(backend) },
  ),
)
// While nobody waits.
await policyInForce()

export async function handler(event: unknown) {
  const policy = await policyInForce()
  try {
    return await answerQuestion(policy, event)
  } finally {
    await policy.settle()
    await beforeAnswer(opened)
  }
}
