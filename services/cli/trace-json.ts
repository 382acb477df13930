// A story as lines of JSON, with the fields and the messages of the log (docs/log.md), in the order in which it happened.

import type { MessageHead, Traced, TrailEvent } from '#shared/administration/trace/trace.ts'
import { fatesOf, type Story, type StoryStep, timeOf } from '#shared/administration/trace/trace.ts'
import type { DecisionRecord } from '#shared/contracts/decisions.ts'
import { queueIdMs } from '#shared/mail/queue-id.ts'
import { subjectOf } from './explanation-text.ts'
import { formatTime } from './output.ts'

type Line = { readonly time: string; readonly message: string } & Readonly<Record<string, unknown>>

export function traceLines(traced: Exclude<Traced, { readonly kind: 'none' }>): readonly Line[] {
  if (traced.kind === 'several') {
    const { stories, refusals } = traced
    return [...stories.map(summaryLine), ...refusals.map(decisionLine)]
  }
  const { story, decisions } = traced
  const told = decisions.map((one) => ({ ms: one.atMs, lines: [decisionLine(one)] }))
  if (story === undefined) return told.flatMap(({ lines }) => lines)
  const { head, steps } = story
  const all = [
    ...told,
    { ms: head.arrivedMs, lines: [acceptedLine(head)] },
    ...steps.map((step) => ({ ms: timeOf(step), lines: stepLines(head, step) })),
  ].sort((a, b) => a.ms - b.ms)
  return [...all.flatMap(({ lines }) => lines), summaryLine(story)]
}

export function acceptedLine(head: MessageHead): Line {
  const { queueId, messageId, sender, recipients, more, origin, bytes, bornOf } = head
  return {
    time: formatTime(head.arrivedMs),
    message: 'message accepted',
    queueId,
    messageId,
    from: sender,
    to: recipients,
    recipients: recipients.length + more,
    size: bytes,
    listener: origin.listener,
    remoteAddress: origin.remoteAddress,
    helo: origin.helo,
    tls: origin.tls?.protocol ?? 'none',
    ...(origin.account !== null && { login: origin.account.login }),
    ...(head.junk && { junk: true }),
    ...(head.filter !== null && { filter: head.filter }),
    ...(bornOf !== null && { bornOf }),
  }
}

function stepLines(head: MessageHead, step: StoryStep): readonly Line[] {
  const { queueId } = head
  if (step.kind === 'deed') {
    const { atMs, kind, reason, recipients } = step.deed
    const facts = { queueId, reason, ...(recipients.length > 0 && { to: recipients }) }
    return [{ time: formatTime(atMs), message: `message ${kind}`, ...facts }]
  }
  const { event } = step
  const time = formatTime(event.atMs)
  const next = event.nextMs === null ? {} : { next: formatTime(event.nextMs) }
  return [
    ...event.results.map(({ kind, status, reply, recipients, more }): Line => {
      return {
        time,
        message: kind,
        queueId,
        to: recipients.map(({ address }) => address),
        origTo: recipients.map(({ original }) => original),
        recipients: recipients.length + more,
        relay: event.relay,
        ...(event.tls !== null && { tls: event.tls }),
        delays: delaysOf(head, event).join('/'),
        dsn: status,
        status: kind,
        reply,
        ...(kind === 'deferred' && next),
      }
    }),
    ...event.births.map(({ queueId: notice, to, what }): Line => {
      return { time, message: what || 'message created', queueId, notice, to }
    }),
  ]
}

/** In seconds: before it was in the queue, in the queue, until the host took the session, handing it over; as Postfix has them. */
export function delaysOf(head: MessageHead, event: TrailEvent): readonly number[] {
  const startedMs = event.atMs - event.tookMs
  return [
    head.arrivedMs - queueIdMs(head.queueId),
    startedMs - head.arrivedMs,
    event.connectMs,
    event.tookMs - event.connectMs,
  ].map((ms) => Math.round(Math.max(0, ms) / 10) / 100)
}

/** What is so in the end, or now. */
function summaryLine(story: Story): Line {
  const { head, now, groups } = story
  const due = groups.flatMap(({ state, dueMs }) => (state === 'deferred' ? (dueMs ?? []) : []))
  return {
    time: formatTime(now.kind === 'ended' ? now.endedMs : head.arrivedMs),
    message: now.kind === 'ended' ? 'message removed' : 'message waits',
    queueId: head.queueId,
    messageId: head.messageId,
    from: head.sender,
    arrived: formatTime(head.arrivedMs),
    ...(now.kind === 'queued' && { state: now.state, reason: now.reason }),
    ...(now.kind === 'ended' && { how: now.how }),
    ...(due.length > 0 && { next: formatTime(Math.min(...due)) }),
    results: fatesOf(story).map(({ address, original, kind, status, reply }) => {
      return { to: address, origTo: original, status: kind, dsn: status, reply }
    }),
  }
}

function decisionLine(record: DecisionRecord): Line {
  const { verdict, request } = record
  const { queueId, origin } = request
  return {
    time: formatTime(record.atMs),
    message: verdict.kind === 'permit' ? 'policy permitted' : 'policy refused',
    queueId,
    asked: subjectOf(record),
    remoteAddress: origin.remoteAddress,
    helo: origin.helo,
    ...whoOf(record),
    ...(verdict.kind === 'reject' && {
      code: verdict.reply.code,
      dsn: verdict.reply.status,
      reply: verdict.reply.text,
    }),
    ...(verdict.kind !== 'permit' && { restriction: verdict.restriction }),
  }
}

export function whoOf({ request }: DecisionRecord): {
  readonly from?: string
  readonly to?: readonly string[]
} {
  if ('envelope' in request) {
    const { sender, recipients } = request.envelope
    return { from: sender, to: recipients.map(({ address }) => address) }
  }
  return {
    ...('sender' in request && { from: request.sender }),
    ...('recipient' in request && { to: [request.recipient] }),
  }
}
