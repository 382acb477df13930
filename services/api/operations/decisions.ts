// Decisions of policy as the API tells them: who asked what, what each restriction said, and the verdict.

import { z } from '@hono/zod-openapi'
import type { DecisionRecord, RecordedStep } from '#shared/contracts/decisions.ts'
import { outcomeOf } from '#shared/contracts/decisions.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import { time, timeOf } from '../schemas.ts'

const reply = z.object({ code: z.number().int(), status: z.string(), text: z.string() })

export const decisionSchema = z
  .object({
    queueId: z.string(),
    at: time,
    ask: z.enum(['early', 'recipient', 'data', 'message', 'content']),
    stage: z.string().nullable().openapi({ description: 'Of an early question.' }),
    client: z.object({
      remoteAddress: z.string(),
      helo: z.string(),
      listener: z.string(),
      tls: z.string().nullable(),
      login: z.string().nullable(),
    }),
    sender: z.string().nullable(),
    recipients: z.array(z.string()),
    verdict: z.object({
      kind: z.enum(['permit', 'reject', 'discard']),
      outcome: z
        .string()
        .openapi({ description: 'In a word or two, as two verdicts are compared.' }),
      restriction: z.string().nullable(),
      reply: reply.nullable(),
      hold: z.string().nullable(),
      warnings: z.array(z.string()),
    }),
    score: z.number().nullable(),
    steps: z.array(
      z.object({
        stage: z.string(),
        restriction: z.string(),
        said: z.string().openapi({ description: '`dunno` where it had nothing to say.' }),
        text: z.string().nullable(),
        reply: reply.nullable(),
        depth: z.number().int().openapi({ description: 'Within so many lists.' }),
        isWarned: z.boolean().openapi({ description: 'What it would refuse is only told.' }),
      }),
    ),
    content: z.array(
      z.object({
        step: z.string(),
        verdict: z.string(),
        found: z.string().nullable(),
        ms: z.number(),
      }),
    ),
    lookups: z.record(z.string(), z.unknown()).openapi({
      description: 'What the DNS was asked, as `MX example.net`, and what it answered.',
    }),
    weight: z.number().int().openapi({ description: 'Of a flood each stands for so many.' }),
  })
  .openapi('PolicyDecision')

const plainReply = ({ code, status, text }: SmtpReply) => ({ code, status, text })

export function decisionOf(record: DecisionRecord) {
  const { request, verdict, trail, content = [], lookups, weight, ask, atMs } = record
  const { origin } = request
  const steps = trail.flatMap(({ stage, steps }) => steps.map((step) => stepOf(stage, step)))
  const scores = trail.flatMap(({ steps }) =>
    steps.flatMap(({ decision }) => (decision.kind === 'score' ? [decision.points] : [])),
  )
  return {
    queueId: request.queueId,
    at: timeOf(atMs),
    ask,
    stage: 'stage' in request ? request.stage : null,
    client: {
      remoteAddress: origin.remoteAddress,
      helo: origin.helo,
      listener: origin.listener,
      tls: origin.tls?.protocol ?? null,
      login: origin.account?.login ?? null,
    },
    sender: 'envelope' in request ? request.envelope.sender : request.sender,
    recipients:
      'envelope' in request
        ? request.envelope.recipients.map(({ address }) => address)
        : 'recipient' in request
          ? [request.recipient]
          : [],
    verdict: {
      kind: verdict.kind,
      outcome: outcomeOf(verdict),
      restriction: verdict.kind === 'permit' ? null : verdict.restriction,
      reply: verdict.kind === 'reject' ? plainReply(verdict.reply) : null,
      hold: verdict.hold ?? null,
      warnings: [...(verdict.warnings ?? [])],
    },
    score: scores.length === 0 ? null : scores.reduce((sum, one) => sum + one, 0),
    steps,
    content: content.map(({ found = null, ...one }) => ({ ...one, found })),
    lookups: { ...lookups },
    weight,
  }
}

function stepOf(stage: string, { restriction, decision, depth = 0, isWarned }: RecordedStep) {
  return {
    stage,
    restriction,
    said: decision.kind,
    text: textOf(decision),
    reply: 'reply' in decision ? plainReply(decision.reply) : null,
    depth,
    isWarned: isWarned === true,
  }
}

function textOf(decision: RecordedStep['decision']): string | null {
  switch (decision.kind) {
    case 'warn':
      return decision.text
    case 'prepend':
      return decision.fields
    case 'score':
      return `${decision.points}${decision.why === undefined ? '' : ` ${decision.why}`}`
    case 'hold':
      return decision.reason
    case 'redirect':
    case 'bcc':
      return decision.to
    case 'filter':
      return decision.destination
    default:
      return null
  }
}
