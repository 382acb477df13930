// A decision of policy in words that fit a terminal: what each restriction said, what the DNS answered, the verdict and the reply.

import type { ContentTrace } from '#shared/contracts/content.ts'
import {
  type DecisionRecord,
  outcomeOf,
  type RecordedDecision,
  type RecordedStep,
} from '#shared/contracts/decisions.ts'
import type { PolicyStage, SmtpReply } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { DnsAnswer, MxRecord } from '#shared/dns/resolver.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { formatTime, wrap } from './output.ts'

/** Lines are as long where nobody says how wide the terminal is. */
const WIDTH = 80
/** Where it begins what somebody said. */
const SAID_AT = 46

export function explanation(records: readonly DecisionRecord[], width = WIDTH): readonly string[] {
  const [first] = records
  if (first === undefined) return []
  return [
    ...clientLines(first, width),
    ...records.flatMap((record) => ['', ...decisionLines(record, width)]),
  ]
}

function clientLines({ request }: DecisionRecord, width: number): readonly string[] {
  const { remoteAddress, listener, helo, tls, account }: Origin = request.origin
  const facts = [
    `client ${remoteAddress} at ${listener}`,
    `HELO ${helo || '(none)'}`,
    tls === null ? 'no TLS' : `TLS ${tls.protocol}`,
    ...(account === null ? [] : [`login ${account.login}`]),
    ...('sender' in request && typeof request.sender === 'string'
      ? [`sender <${request.sender}>`]
      : []),
    ...('envelope' in request ? [`sender <${request.envelope.sender}>`] : []),
  ]
  return wrap(facts.join(', '), width, '')
}

function decisionLines(record: DecisionRecord, width: number): readonly string[] {
  const { trail, content = [], lookups, verdict, weight, atMs } = record
  const reply = verdict.kind === 'reject' ? [replyText(verdict.reply)] : []
  const spf = verdict.judged?.spf
  const score = scoreOf(record)
  const besides = [
    ...(verdict.warnings ?? []).map((warning) => `warning: ${warning}`),
    ...(verdict.hold === undefined ? [] : [`held: ${verdict.hold}`]),
    ...(score === undefined ? [] : [`score: ${points(score)}`]),
    ...(spf === undefined ? [] : [`SPF: ${spf.result} ${spf.domain}`]),
    ...(weight > 1 ? [`stands for ${weight} like it`] : []),
  ]
  return [
    ...wrap(`${formatTime(atMs)} ${subjectOf(record)}: ${outcomeOf(verdict)}`, width, ''),
    ...[...reply, ...besides].flatMap((text) => wrap(text, width, '  ')),
    ...stagesOf(trail).flatMap(({ stage, steps }) => [
      `  ${stageNames[stage]}`,
      ...steps.flatMap((step) => stepLines(step, width)),
    ]),
    ...(content.length === 0
      ? []
      : ['  content', ...content.flatMap((one) => traceLines(one, width))]),
    ...lookupLines(lookups, width),
  ]
}

const stageNames: { readonly [stage in PolicyStage]: string } = {
  connect: 'client',
  helo: 'HELO',
  sender: 'sender',
  relay: 'relay',
  recipient: 'recipient',
  data: 'data',
  message: 'end of data',
}

/** Lists of one stage that were asked one after the other are one. */
function stagesOf(trail: DecisionRecord['trail']) {
  const stages: { readonly stage: PolicyStage; readonly steps: RecordedStep[] }[] = []
  for (const { stage, steps } of trail) {
    const last = stages.at(-1)
    if (last?.stage === stage) last.steps.push(...steps)
    else stages.push({ stage, steps: [...steps] })
  }
  return stages
}

/** Whom, or what, was asked about. */
export function subjectOf(record: DecisionRecord): string {
  switch (record.ask) {
    case 'early':
      return stageNames[record.request.stage]
    case 'recipient':
      return `recipient ${record.request.recipient}`
    case 'data':
      return 'data'
    case 'message':
      return 'end of data'
    case 'content':
      return 'content'
    default:
      return unreachable(record)
  }
}

function scoreOf({ trail }: DecisionRecord): number | undefined {
  const scores = trail.flatMap(({ steps }) =>
    steps.flatMap(({ decision }) => (decision.kind === 'score' ? [decision.points] : [])),
  )
  return scores.length === 0 ? undefined : scores.reduce((sum, one) => sum + one, 0)
}

function stepLines({ restriction, decision, depth = 0, isWarned }: RecordedStep, width: number) {
  const indent = '  '.repeat(depth + 2)
  const [said, ...more] = wordsOf(decision, isWarned === true)
  return row(indent, restriction, said, more, width)
}

function traceLines({ step, verdict, found, ms }: ContentTrace, width: number): string[] {
  const more = found === undefined ? [] : [found]
  return row('    ', step, `${verdict === 'accept' ? '-' : verdict} (${ms} ms)`, more, width)
}

/** What is too long for the right side stands below. */
function row(
  indent: string,
  name: string,
  said: string,
  more: readonly string[],
  width: number,
): string[] {
  const label = indent + name
  const isOneLine = label.length + 1 < SAID_AT && SAID_AT + said.length <= width
  const first = isOneLine
    ? [label.padEnd(SAID_AT) + said]
    : [...wrap(name, width, indent), ...wrap(said, width, `${indent}  `)]
  return [...first, ...more.flatMap((text) => wrap(text, width, `${indent}  `))]
}

type Words = readonly [string, ...string[]]

/** What it said in a word or two, and what belongs to it. */
function wordsOf(decision: RecordedDecision, isWarned: boolean): Words {
  switch (decision.kind) {
    case 'dunno':
      return ['-']
    case 'permit':
      return ['permits']
    case 'reject':
      return [isWarned ? 'would refuse' : 'refuses', replyText(decision.reply)]
    case 'defer':
      return [isWarned ? 'would put off' : 'puts off', replyText(decision.reply)]
    case 'failure':
      return ['cannot say', replyText(decision.reply)]
    case 'defer-if-permit':
      return [isWarned ? 'would put off' : 'puts off unless refused', replyText(decision.reply)]
    case 'defer-if-reject':
      return ['puts off if refused', replyText(decision.reply)]
    case 'discard':
      return ['discards']
    case 'warn':
      return ['warns', decision.text]
    case 'prepend':
      return ['adds fields', ...decision.fields.split('\r\n').filter((field) => field !== '')]
    case 'score':
      return [`${points(decision.points)} points`, ...(decision.why ? [decision.why] : [])]
    case 'hold':
      return ['holds', decision.reason]
    case 'redirect':
      return ['redirects', `to ${decision.to}`]
    case 'filter':
      return ['filters', `by ${decision.destination}`]
    case 'bcc':
      return ['copies', `to ${decision.to}`]
    case 'list':
      return ['asks these:']
    default:
      return unreachable(decision)
  }
}

const points = (score: number) => String(Number(score.toFixed(3)))

const replyText = ({ code, status, text }: SmtpReply) => `${code} ${status} ${text}`

function lookupLines(lookups: DecisionRecord['lookups'], width: number): readonly string[] {
  const asked = Object.entries(lookups)
  if (asked.length === 0) return []
  return [
    '  DNS',
    ...asked.flatMap(([question, answer]) => {
      const [said, ...more] = answerWords(answer)
      return row('    ', question, said, more, width)
    }),
  ]
}

function answerWords(answer: DnsAnswer<string | MxRecord>): Words {
  switch (answer.kind) {
    case 'nxdomain':
      return ['no such name']
    case 'none':
      return ['no such record']
    case 'failure':
      return ['failure', answer.reason]
    case 'found': {
      const [first = '', ...more] = answer.records.map((record) =>
        typeof record === 'string' ? record : `${record.preference} ${record.exchange || '.'}`,
      )
      return [first, ...more]
    }
    default:
      return unreachable(answer)
  }
}
