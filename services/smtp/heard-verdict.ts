// A verdict of policy as the session hears it: its warnings and its refusal stand in the log, and no answer is a temporary failure.

import type { Policy, PolicyVerdict } from '#shared/contracts/policy.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { LogFields } from '#shared/runtime/log.ts'
import type { SmtpSession } from './session.ts'

export type HeardVerdict =
  | PolicyVerdict
  /** Policy did not answer. */
  | { readonly kind: 'unavailable' }

/** `refused`: the line of the log for a refusal. */
export async function hearPolicy(
  session: SmtpSession,
  facts: LogFields,
  refused: string,
  ask: (policy: Policy) => Promise<PolicyVerdict>,
): Promise<HeardVerdict> {
  try {
    const verdict = await ask(session.deps.policy)
    for (const warning of verdict.warnings ?? []) {
      session.logRepeated({ ...facts, warning }, 'policy warns')
    }
    if (verdict.kind === 'reject') {
      const { restriction, reply } = verdict
      const { code, status: dsn, text } = reply
      session.logRepeated({ ...facts, restriction, code, dsn, reply: text }, refused)
    }
    return verdict
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    session.log.error({ ...facts, error }, 'policy does not answer')
    return { kind: 'unavailable' }
  }
}
