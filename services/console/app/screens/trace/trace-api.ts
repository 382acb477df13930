// Stories of messages, and what policy decided about them, as the API tells them.

import { get } from '../../api/client.ts'

export type TracedMessage = {
  readonly queueId: string
  /** `ended`, or as the queue has it. */
  readonly state: string
  readonly reason: string | null
  readonly how: string | null
  readonly endedAt: string | null
  readonly nextAt: string | null
  readonly arrivedAt: string
  readonly sender: string
  readonly recipients: readonly string[]
  readonly moreRecipients: number
  readonly messageId: string | null
  readonly bytes: number
  readonly isJunk: boolean
  readonly filter: string | null
  readonly bornOf: string | null
  readonly origin: Client
  readonly results: readonly Fate[]
}

export type Client = {
  readonly remoteAddress: string
  readonly helo: string
  readonly listener: string
  readonly tls: string | null
  readonly login: string | null
}

export type Fate = {
  readonly address: string
  readonly original: string
  readonly kind: string
  readonly status: string
  readonly reply: string
}

export type Reply = { readonly code: number; readonly status: string; readonly text: string }

export type Decision = {
  readonly queueId: string
  readonly at: string
  readonly ask: 'early' | 'recipient' | 'data' | 'message' | 'content'
  readonly stage: string | null
  readonly client: Client
  readonly sender: string | null
  readonly recipients: readonly string[]
  readonly verdict: {
    readonly kind: 'permit' | 'reject' | 'discard'
    readonly outcome: string
    readonly restriction: string | null
    readonly reply: Reply | null
    readonly hold: string | null
    readonly warnings: readonly string[]
  }
  readonly score: number | null
  readonly steps: readonly DecisionStep[]
  readonly lookups: { readonly [question: string]: unknown }
}

export type DecisionStep = {
  readonly stage: string
  readonly restriction: string
  readonly said: string
  readonly text: string | null
  readonly reply: Reply | null
  readonly depth: number
  readonly isWarned: boolean
}

export type Found = {
  readonly messages: readonly TracedMessage[]
  readonly refusals: readonly Decision[]
  readonly isCut: boolean
}

export type Step =
  | { readonly kind: 'decision'; readonly at: string; readonly decision: Decision }
  | { readonly kind: 'accepted'; readonly at: string }
  | {
      readonly kind: 'attempt'
      readonly at: string
      readonly to: string | null
      readonly relay: string
      readonly tls: string | null
      readonly tookMs: number
      readonly results: readonly {
        readonly kind: string
        readonly status: string
        readonly reply: string
        readonly recipients: readonly { readonly address: string; readonly original: string }[]
        readonly more: number
      }[]
      readonly nextAt: string | null
      readonly births: readonly {
        readonly queueId: string
        readonly to: string
        readonly what: string
      }[]
    }
  | {
      readonly kind: 'held' | 'released' | 'corrupt'
      readonly at: string
      readonly reason: string | null
      readonly recipients: readonly string[]
    }
  | { readonly kind: 'ended'; readonly at: string; readonly how: string }

export type Trace = {
  readonly queueId: string
  /** Null: it was refused. */
  readonly message: TracedMessage | null
  readonly timeline: readonly Step[]
  readonly omitted: number
  readonly isCut: boolean
}

export const spans = ['1h', '1d', '3d', '7d', '30d'] as const

export const findTraces = (
  query: { readonly what: string; readonly as?: string; readonly since?: string },
  signal: AbortSignal,
) => get<Found>('/trace', query, signal)

export const readTrace = (queueId: string, signal: AbortSignal) =>
  get<Trace>(`/trace/${encodeURIComponent(queueId)}`, {}, signal)

export const replyText = ({ code, status, text }: Reply) => `${code} ${status} ${text}`
