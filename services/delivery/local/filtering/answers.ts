// Messages that scripts have sent in their owner's name, and what the owner is told: who gets them, and whether anybody does at all.

import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { Action } from '#shared/sieve/actions.ts'
import type { RunContext } from '#shared/sieve/run/context.ts'
import type { RunResult } from '#shared/sieve/run/interpreter.ts'
import type { Letter } from '../letter.ts'

export type Vacation = Extract<Action, { readonly kind: 'vacation' }>
export type Notify = Extract<Action, { readonly kind: 'notify' }>
export type Reject = Extract<Action, { readonly kind: 'reject' | 'ereject' }>
export type Failed = Extract<RunResult, { readonly kind: 'failed' }>

export type Sent = {
  readonly kind: 'sent'
  /** Whom the log names. */
  readonly to: string
  readonly bytes: Uint8Array
  readonly created: CreatedMessage
}
/** Why nobody is sent anything. */
export type Silent = { readonly kind: 'silent'; readonly because: string }
/** The queue tells the sender, in these words. */
export type Refused = { readonly kind: 'dsn'; readonly status: '5.7.1'; readonly reply: string }

export interface Answers {
  /** Whom `vacation` may answer; who was answered before is not asked here. */
  mayAnswer(
    letter: Letter,
    action: Vacation,
    context: RunContext,
  ): Promise<{ readonly kind: 'answer'; readonly to: string } | Silent>
  vacation(letter: Letter, action: Vacation, context: RunContext, to: string): Promise<Sent>
  notification(letter: Letter, action: Notify, context: RunContext): Promise<Sent | Silent>
  refusal(letter: Letter, action: Reject, context: RunContext): Promise<Sent | Silent | Refused>
  /** What the owner finds in INBOX. */
  failure(failed: Failed, context: RunContext): Promise<Uint8Array>
}
