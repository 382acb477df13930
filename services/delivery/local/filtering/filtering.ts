// What the scripts of a recipient want of a message: found out, not done. Whoever has none pays nothing: the account, which delivery reads
// anyway, says so.

import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { ObjectReader } from '#shared/message/stored-message.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { ACTIONS_MAX, STEPS_MAX } from '#shared/sieve/limits.ts'
import { readMessage } from '#shared/sieve/read-message.ts'
import type { HeaderEditRules, RunContext } from '#shared/sieve/run/context.ts'
import { SieveRunError } from '#shared/sieve/run/failure.ts'
import { type NamedScript, type RunResult, runScripts } from '#shared/sieve/run/interpreter.ts'
import type { CompiledScripts } from './compiled-scripts.ts'

export type FilteredAccount = Pick<AccountRecord, 'script'> & { readonly id: AccountId }

export interface Filtering {
  /** Undefined: no script decides of this account's mail. Fails as the store does. */
  decide(
    message: QueuedMessage,
    given: {
      readonly blob: Blob
      readonly recipient: FinalRecipient
      readonly account: FilteredAccount
      /** Header fields of this recipient alone. */
      readonly prepend: string
    },
  ): Promise<RunResult | undefined>
}

export type FilteringOptions = {
  readonly recipientDelimiter: string
  readonly sieveMaxRedirects: number
  readonly sieveVacationMinPeriodMs: number
  readonly sieveVacationDefaultPeriodMs: number
  readonly sieveVacationMaxPeriodMs: number
  readonly headerEdits: HeaderEditRules
}

export function createFiltering(deps: {
  readonly compiled: CompiledScripts
  readonly objects: ObjectReader
  /** Of what the context asks besides the message. */
  readonly facts: (
    account: FilteredAccount,
    message: QueuedMessage,
  ) => Pick<RunContext, 'environment' | 'folders' | 'listHolds' | 'wasSeen' | 'verdict'>
  readonly extensions: ReadonlySet<string>
  readonly options: FilteringOptions
  readonly clock: Clock
}): Filtering {
  const { compiled, options, clock } = deps

  return {
    async decide(message, { blob, recipient, account, prepend }) {
      const { script } = account
      if (script === null) return undefined
      const stored = new StoredMessage(deps.objects, blob, prepend)
      const context: RunContext = {
        ...deps.facts(account, message),
        message: readMessage(stored),
        envelope: { from: message.envelope.sender, to: recipient.original },
        owner: {
          address: recipient.address,
          name: null,
          addresses: [recipient.address.toLowerCase(), recipient.original.toLowerCase()],
          recipientDelimiter: options.recipientDelimiter,
        },
        nowMs: clock.now(),
        zone: '+0000',
        limits: {
          steps: STEPS_MAX,
          actions: ACTIONS_MAX,
          redirects: options.sieveMaxRedirects,
          vacationSeconds: {
            min: options.sieveVacationMinPeriodMs / 1_000,
            default: options.sieveVacationDefaultPeriodMs / 1_000,
            max: options.sieveVacationMaxPeriodMs / 1_000,
          },
        },
        headerEdits: options.headerEdits,
        extensions: deps.extensions,
      }
      try {
        const active = await compiled.get(account.id, script.name, script.version)
        // Removed in this moment: nothing is wanted.
        if (active === undefined) return undefined
        const scripts: readonly NamedScript[] = [{ name: script.name, script: active }]
        return await runScripts(scripts, context, (location, name) =>
          compiled.get(location === 'global' ? null : account.id, name),
        )
      } catch (error) {
        if (!(error instanceof SieveRunError)) throw error
        const at = error.at ?? { line: 1, column: 1 }
        return { kind: 'failed', script: script.name, at, reason: error.message, steps: 0 }
      }
    },
  }
}
