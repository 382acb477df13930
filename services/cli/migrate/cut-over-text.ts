// What a cut-over says: steps, what is to be changed, what lacks.

import type {
  BackOutcome,
  ChangeView,
  CutOverView,
  NextOutcome,
  NoCutOver,
  StepView,
} from '#shared/administration/moving/cut-over/outcomes.ts'
import { type RecordSet, route53Batch } from '#shared/administration/moving/cut-over/record-set.ts'
import type { BadValue, NoSuchDomain } from '#shared/administration/refusals.ts'
import type { Context } from '../command-context.ts'
import { CommandFailure } from '../failure.ts'
import { columns, formatTime } from '../output.ts'
import { refused } from '../refusal-text.ts'

type Common = NoCutOver | BadValue | NoSuchDomain | { readonly kind: 'changed-meanwhile' }

/** Nothing that any of them ends with. */
function failureOf(outcome: Common): CommandFailure {
  switch (outcome.kind) {
    case 'no-cut-over':
      return new CommandFailure(
        `no cut-over of ${outcome.domain} is begun; 'postwolke migrate workmail plan' begins one`,
        'noHost',
      )
    case 'changed-meanwhile':
      return new CommandFailure('somebody else has gone on meanwhile; look again', 'temporary')
    default:
      return refused(outcome)
  }
}

export function printView({ output }: Context, outcome: CutOverView | Common): void {
  if (outcome.kind !== 'cut-over') throw failureOf(outcome)
  output.print(outcome, (width) => viewLines(outcome, width))
}

function viewLines(view: CutOverView, width: number | undefined): string[] {
  const now = view.steps.find(({ state }) => state === 'now')
  const ttl = `others keep the records of before for ${view.oldTtlSeconds} s`
  return [
    ...columns(
      ['STEP', 'STATE', 'SINCE', 'ABOUT'],
      view.steps.map(({ id, state, doneMs, about }) => [
        id,
        state,
        doneMs === null ? '' : formatTime(doneMs),
        about,
      ]),
      width,
    ),
    view.isTtlMeasured ? ttl : `${ttl}, as far as anybody knows (--ttl says otherwise)`,
    ...(now === undefined
      ? ['all steps are done; WorkMail may be deleted']
      : stepLines(now, width)),
  ]
}

function stepLines(step: StepView, width: number | undefined): string[] {
  const { id, confirm, notBeforeMs, changes } = step
  return [
    '',
    notBeforeMs === null ? `now: ${id}` : `now: ${id}, not before ${formatTime(notBeforeMs)}`,
    ...(confirm === undefined ? [] : [`--confirm says that ${confirm}`]),
    ...changeLines(changes, width),
  ]
}

function changeLines(changes: readonly ChangeView[], width: number | undefined): string[] {
  if (changes.length === 0) return []
  return columns(
    ['NAME', 'TYPE', 'TTL', 'NOW', 'WANTED'],
    changes.map(({ to, before, state, isOptional }) => [
      to.name,
      to.type,
      to.ttlSeconds === null ? '' : String(to.ttlSeconds),
      stateText(state, before, isOptional),
      to.data.length === 0 ? '(no record)' : to.data.join(' | '),
    ]),
    width,
  )
}

function stateText(state: ChangeView['state'], { data }: RecordSet, isOptional: boolean): string {
  if (state === 'done') return 'ok'
  if (typeof state === 'object') return `unknown: ${state.unknown}`
  const now = data.length === 0 ? 'none' : data.join(' | ')
  return isOptional ? `${now} (optional)` : now
}

/** What a zone of Route 53 takes; by hand it says the same. */
const batchLines = (changes: readonly ChangeView[], comment: string) => [
  '',
  'as a change batch for aws route53 change-resource-record-sets:',
  ...JSON.stringify(route53Batch(changes, comment), null, 2).split('\n'),
]

export function printNext({ output }: Context, outcome: NextOutcome | Common): void {
  switch (outcome.kind) {
    case 'done':
      output.print(outcome, (width) => [
        `${outcome.step} is done`,
        ...viewLines(outcome.view, width),
      ])
      return
    case 'finished':
      output.print(outcome, () => ['all steps are done; WorkMail may be deleted'])
      return
    case 'not-yet': {
      const { step, lacking } = outcome
      output.print(outcome, (width) => [
        ...changeLines(lacking, width),
        ...batchLines(lacking, step),
      ])
      throw new CommandFailure(`${step} is not done: the DNS does not say so yet`)
    }
    case 'unsure': {
      const { step, unknown } = outcome
      output.print(outcome, (width) => changeLines(unknown, width))
      throw new CommandFailure(`${step} could not be measured; --confirm says that it is so`)
    }
    case 'too-early':
      throw new CommandFailure(
        `${outcome.step} not before ${formatTime(outcome.untilMs)}: others may still have the old records`,
        'temporary',
      )
    case 'to-confirm':
      throw new CommandFailure(`--confirm says that ${outcome.text}`)
    case 'cannot-apply':
      throw noZone()
    default:
      throw failureOf(outcome)
  }
}

export function printBack({ output }: Context, outcome: BackOutcome | Common): void {
  switch (outcome.kind) {
    case 'undone':
      output.print(outcome, (width) => [
        `${outcome.step} is undone`,
        ...viewLines(outcome.view, width),
      ])
      return
    case 'to-restore': {
      const { step, changes } = outcome
      output.print(outcome, (width) => [
        ...changeLines(changes, width),
        ...batchLines(changes, `back before ${step}`),
      ])
      throw new CommandFailure(`${step} is not undone: put back what was there, then go back again`)
    }
    case 'at-beginning':
      throw new CommandFailure('nothing was done that could be undone')
    case 'cannot-apply':
      throw noZone()
    default:
      throw failureOf(outcome)
  }
}

const noZone = () =>
  new CommandFailure(
    "--apply needs the hosted zone, which 'migrate workmail plan --route53-zone' names",
    'usage',
  )
