// A story for whoever reads it at night: what message, how it is with it now and what comes next, then what happened, then each recipient.
// Texts come from strangers: every line is made printable, and long lists are cut with the number of what is left out.

import type {
  HowEnded,
  MessageHead,
  Traced,
  TrailEvent,
  TrailRecipient,
  TrailResult,
} from '#shared/administration/trace/trace.ts'
import {
  type Fate,
  fatesOf,
  type Story,
  type StoryStep,
  timeOf,
} from '#shared/administration/trace/trace.ts'
import { type DecisionRecord, outcomeOf } from '#shared/contracts/decisions.ts'
import { printable } from '#shared/runtime/printable.ts'
import { subjectOf } from './explanation-text.ts'
import { counted, formatBytes, formatTime, table, wrap } from './output.ts'
import { delaysOf, whoOf } from './trace-json.ts'

type Facts = {
  readonly nowMs: number
  readonly hostname: string
  readonly width?: number | undefined
}

const WIDTH = 100
const RECIPIENTS_SHOWN_MAX = 20
/** Of those of one line. */
const NAMED_MAX = 3
const DECISIONS_SHOWN_MAX = 10
const LABEL = 11
/** Behind time and word. */
const INDENT = ' '.repeat(33)

export function storyText(
  { queueId, story, decisions }: Extract<Traced, { readonly kind: 'one' }>,
  facts: Facts,
): readonly string[] {
  const width = facts.width ?? WIDTH
  if (story === undefined) return refusedText(queueId, decisions, facts)
  const { head, steps } = story
  const since = (ms: number) => signed(ms - head.arrivedMs)
  const told = [
    ...decisions.slice(0, DECISIONS_SHOWN_MAX).map((one) => {
      return { ms: one.atMs, lines: decisionLines(one, since, width) }
    }),
    ...collapsed(steps).map(({ step, like, untilMs }) => {
      return {
        ms: timeOf(step),
        lines: [...stepLines(head, step, since, width), ...likeIt(like, untilMs)],
      }
    }),
  ].sort((a, b) => a.ms - b.ms)
  const moreDecisions = decisions.length - DECISIONS_SHOWN_MAX
  return [
    ...headLines(story, facts, width),
    '',
    ...told.flatMap(({ lines }) => lines),
    ...(moreDecisions > 0 ? [`${counted(moreDecisions, 'further decision')} of policy`] : []),
    ...(story.omitted > 0 ? [`${counted(story.omitted, 'attempt')} in between not told`] : []),
    ...(story.isCut ? ['there is more of it than is shown'] : []),
    '',
    ...fateLines(story, width),
    ...(decisions.length > 0 ? ['', `policy in detail: postwolke policy explain ${queueId}`] : []),
  ]
}

function headLines(story: Story, facts: Facts, width: number): readonly string[] {
  const { head } = story
  const { origin, bornOf, junk, filter } = head
  const login = origin.account === null ? '' : ` as ${origin.account.login}`
  const tls = origin.tls === null ? 'no TLS' : origin.tls.protocol
  const from =
    origin.listener === 'local'
      ? 'made here'
      : `from ${origin.helo} [${origin.remoteAddress}]${login} by ${origin.listener}, ${tls}`
  const besides = [junk && 'taken for junk', filter !== null && `through filter ${filter}`]
  const rows: readonly (readonly [string, string])[] = [
    ['queue id', `${head.queueId}  ${formatBytes(head.bytes)}`],
    ['message-id', head.messageId ?? `<${head.queueId}@${facts.hostname}> or none`],
    ['from', head.sender || '<>'],
    ['to', several(head.recipients, head.recipients.length + head.more)],
    ['came', `${formatTime(head.arrivedMs)}, ${ago(facts.nowMs - head.arrivedMs)}, ${from}`],
    ...besides.flatMap((text) => (text ? [['', text] as const] : [])),
    ...(bornOf === null ? [] : [['born of', bornOf] as const]),
    ['now', nowText(story, facts)],
  ]
  return rows.flatMap(([label, text]) => labelled(label, text, width))
}

/** How it is with it, and what happens next. */
function nowText(story: Story, { nowMs }: Facts): string {
  const { now, groups, head } = story
  if (now.kind === 'ended') {
    const when = `${formatTime(now.endedMs)}, ${span(now.endedMs - head.arrivedMs)} after it came`
    return `${endText(story, now.how)} ${when}`
  }
  if (now.state !== 'split') {
    const words = {
      incoming: 'is about to be worked on',
      held: 'held',
      corrupt: 'set aside as corrupt',
    }
    return now.reason === null ? words[now.state] : `${words[now.state]}: ${now.reason}`
  }
  const waiting = groups.reduce((sum, { recipients }) => sum + recipients.length, 0)
  const due = groups.flatMap(({ state, dueMs }) => (state === 'deferred' ? (dueMs ?? []) : []))
  const nextMs = Math.min(...due)
  const parts = [
    `waits: ${counted(waiting, 'recipient')}`,
    ...(groups.some(({ state }) => state === 'leased') ? ['being delivered'] : []),
    ...(groups.some(({ state }) => state === 'held') ? ['held by an operator'] : []),
    ...(groups.some(({ state }) => state === 'waiting') ? ['about to be tried'] : []),
    ...(due.length === 0 ? [] : [`next try ${formatTime(nextMs)}, ${inTime(nextMs - nowMs)}`]),
  ]
  return parts.join(', ')
}

/** In a word where it is the same of everyone. */
function endText(story: Story, how: HowEnded): string {
  if (how !== 'done') return endings[how]
  const kinds = new Set(fatesOf(story).map(({ kind }) => kind))
  const [only = endings.done] = kinds
  return kinds.size < 2 ? only : countsOf(fatesOf(story))
}

const endings = {
  done: 'done',
  deleted: 'deleted by an operator',
  nobody: 'released, and nobody was left who lacked it',
} as const

function stepLines(
  head: MessageHead,
  step: StoryStep,
  since: (ms: number) => string,
  width: number,
): readonly string[] {
  if (step.kind === 'deed') {
    const { atMs, kind, reason, recipients } = step.deed
    const whom = recipients.length === 0 ? '' : several(recipients, recipients.length)
    const text = [whom, reason].filter(Boolean).join(': ')
    return timed(atMs, since, kind, text, width)
  }
  const { event } = step
  return [
    ...event.results.flatMap((result) => resultLines(head, event, result, since, width)),
    ...(event.nextMs === null ? [] : wrap(`next try ${formatTime(event.nextMs)}`, width, INDENT)),
    ...event.births.flatMap(({ queueId, to, what }) =>
      timed(event.atMs, since, 'created', `${queueId} ${what || 'message'} to ${to}`, width),
    ),
  ]
}

function resultLines(
  head: MessageHead,
  event: TrailEvent,
  { kind, status, reply, recipients, more }: TrailResult,
  since: (ms: number) => string,
  width: number,
): readonly string[] {
  const whom = several(recipients.map(named), recipients.length + more)
  const isOurs = event.relay === 'none' || event.relay === 'local'
  const by = event.relay === 'none' ? '' : ` by ${event.relay}`
  const use = event.sessionUse > 1 ? `, message ${event.sessionUse} of the session` : ''
  const delays = kind === 'removed' ? '' : `, delays ${delaysOf(head, event).join('/')}`
  return [
    ...timed(event.atMs, since, kind, `${whom}${by}, dsn ${status}${delays}${use}`, width),
    ...(reply === '' ? [] : wrap(reply, width, INDENT)),
    ...(event.tls === null || isOurs ? [] : wrap(`TLS: ${event.tls}`, width, INDENT)),
  ]
}

function decisionLines(
  record: DecisionRecord,
  since: (ms: number) => string,
  width: number,
): readonly string[] {
  const { verdict } = record
  const reply = verdict.kind === 'reject' ? verdict.reply.text : ''
  const text = `${subjectOf(record)}: ${outcomeOf(verdict)}${decidedBy(record)}`
  const besides = [reply, ...(verdict.warnings ?? []).map((warning) => `warning: ${warning}`)]
  return [
    ...timed(record.atMs, since, 'policy', text, width),
    ...besides.flatMap((line) => (line === '' ? [] : wrap(line, width, INDENT))),
  ]
}

/** The last that permitted, where the verdict does not say it. */
function decidedBy({ verdict, trail }: DecisionRecord): string {
  if (verdict.kind !== 'permit') return ''
  const permits = trail.flatMap(({ steps }) =>
    steps.filter(({ decision }) => decision.kind === 'permit'),
  )
  const last = permits.at(-1)
  return last === undefined ? '' : ` (${last.restriction})`
}

type Collapsed = { readonly step: StoryStep; like: number; untilMs: number }

/** Attempts that ended alike one after the other are told once, and how many there were. */
function collapsed(steps: readonly StoryStep[]): readonly Collapsed[] {
  const told: Collapsed[] = []
  for (const step of steps) {
    const before = told.at(-1)
    if (before !== undefined && isLike(before.step, step)) {
      before.like++
      before.untilMs = timeOf(step)
    } else told.push({ step, like: 0, untilMs: timeOf(step) })
  }
  return told
}

function isLike(a: StoryStep, b: StoryStep): boolean {
  if (a.kind !== 'attempt' || b.kind !== 'attempt') return false
  const isMere = [a, b].every(
    ({ event }) =>
      event.births.length === 0 && event.results.every(({ kind }) => kind === 'deferred'),
  )
  return isMere && a.event.relay === b.event.relay && resultsKey(a.event) === resultsKey(b.event)
}

const resultsKey = ({ results }: TrailEvent) => JSON.stringify(results)

const likeIt = (like: number, untilMs: number): readonly string[] =>
  like === 0
    ? []
    : [`${INDENT}${counted(like, 'further attempt')} alike, the last ${formatTime(untilMs)}`]

function fateLines(story: Story, width: number): readonly string[] {
  const fates = fatesOf(story)
  const rows = fates
    .slice(0, RECIPIENTS_SHOWN_MAX)
    .map((fate) => [fate.kind, named(fate), fate.status])
  const left = fates.length - RECIPIENTS_SHOWN_MAX
  return [
    ...table(rows).map((line) => line.slice(0, Math.max(width, LABEL))),
    ...(left > 0 ? [`and ${counted(left, 'further recipient')}: ${countsOf(fates)}`] : []),
  ]
}

function countsOf(fates: readonly Fate[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of fates) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

export function listText(
  { stories, refusals, isCut }: Extract<Traced, { readonly kind: 'several' }>,
  facts: Facts,
): readonly string[] {
  const rows = [
    ...stories.map((story) => ({ ms: story.head.arrivedMs, row: storyRow(story) })),
    ...refusals.map((record) => ({ ms: record.atMs, row: refusalRow(record) })),
  ].sort((a, b) => b.ms - a.ms)
  const heading = ['CAME', 'QUEUE ID', 'FROM', 'TO', 'NOW']
  return [
    ...table([heading, ...rows.map(({ row }) => row)]).map((line) =>
      facts.width === undefined ? line : line.slice(0, facts.width),
    ),
    ...(isCut ? ['there may be more; a shorter --since leaves out what is older'] : []),
    'the story of one: postwolke trace <queue id>',
  ]
}

function storyRow(story: Story): readonly string[] {
  const { head, now } = story
  const fates = fatesOf(story)
  const state =
    now.kind === 'queued' && now.state !== 'split'
      ? now.state
      : now.kind === 'ended' && now.how === 'deleted'
        ? 'deleted'
        : countsOf(fates) || endings[now.kind === 'ended' ? now.how : 'done']
  const to = several(head.recipients, head.recipients.length + head.more)
  return [formatTime(head.arrivedMs), head.queueId, head.sender || '<>', to, state]
}

function refusalRow(record: DecisionRecord): readonly string[] {
  const { from = '', to = [] } = whoOf(record)
  const { queueId } = record.request
  const weight = record.weight > 1 ? `, ${record.weight} like it` : ''
  return [
    formatTime(record.atMs),
    queueId,
    from || '<>',
    several(to, to.length),
    `refused: ${outcomeOf(record.verdict)}${weight}`,
  ]
}

/** Of mail that was never taken. */
function refusedText(
  queueId: string,
  decisions: readonly DecisionRecord[],
  { width = WIDTH, nowMs }: Facts,
): readonly string[] {
  const [first] = decisions
  if (first === undefined) return []
  const { origin } = first.request
  const { from = '', to = [] } = whoOf(decisions.at(-1) ?? first)
  const since = (ms: number) => signed(ms - first.atMs)
  const client = `from ${origin.helo} [${origin.remoteAddress}] by ${origin.listener}`
  return [
    ...labelled('queue id', queueId, width),
    ...labelled('from', from || '<>', width),
    ...labelled('to', several(to, to.length), width),
    ...labelled('came', `${formatTime(first.atMs)}, ${ago(nowMs - first.atMs)}, ${client}`, width),
    ...labelled('now', 'nothing of it is in the queue: refused, or not sent to its end', width),
    '',
    ...decisions.slice(0, DECISIONS_SHOWN_MAX).flatMap((one) => decisionLines(one, since, width)),
    '',
    `policy in detail: postwolke policy explain ${queueId}`,
  ]
}

function labelled(label: string, text: string, width: number): readonly string[] {
  const [first = '', ...more] = wrap(text, width, ' '.repeat(LABEL + 1))
  return [label.padEnd(LABEL + 1) + first.trimStart(), ...more]
}

function timed(
  ms: number,
  since: (ms: number) => string,
  word: string,
  text: string,
  width: number,
): readonly string[] {
  const [first = '', ...more] = wrap(text, width, INDENT)
  const begin = `${formatTime(ms).slice(5).replace('T', ' ')} ${since(ms).padStart(6)} ${word}`
  return [`${begin.padEnd(INDENT.length - 1)} ${first.trimStart()}`, ...more]
}

const named = ({ address, original }: TrailRecipient) =>
  original === '' || original.toLowerCase() === address.toLowerCase()
    ? address
    : `${address} (of ${original})`

function several(all: readonly string[], count: number): string {
  const shown = all.slice(0, NAMED_MAX)
  const more = count - shown.length
  const text = shown.map(printable).join(' ')
  if (more === 0) return text
  return shown.length === 0 ? counted(more, 'recipient') : `${text} and ${more} more`
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** In the unit in which one thinks of it. */
export function span(ms: number): string {
  const abs = Math.abs(ms)
  if (abs < 10 * SECOND_MS) return `${(abs / SECOND_MS).toFixed(1)}s`
  if (abs < 2 * MINUTE_MS) return `${Math.round(abs / SECOND_MS)}s`
  if (abs < 2 * HOUR_MS) return `${Math.round(abs / MINUTE_MS)}m`
  if (abs < 2 * DAY_MS) return `${Math.round(abs / HOUR_MS)}h`
  return `${Math.round(abs / DAY_MS)}d`
}

const signed = (ms: number) => `${ms < 0 ? '-' : '+'}${span(ms)}`
const ago = (ms: number) => `${span(ms)} ago`
const inTime = (ms: number) => (ms < 0 ? `${span(ms)} ago` : `in ${span(ms)}`)
