// A plan from another mail system, done or rehearsed, and the report of it.

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Outcome } from '#shared/administration/moving/outcome.ts'
import type { MovingPlan, Note, NoteKind, Place } from '#shared/moving/configurations/plan.ts'
import { printable, printableJson } from '#shared/runtime/printable.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { explainOutcome } from '../import-text.ts'
import { counted } from '../output.ts'

export type PlanOptions = {
  readonly dryRun?: boolean
  readonly update?: boolean
  readonly all?: boolean
  readonly json?: boolean
}

/** A report file that was opened before root became somebody else. */
export type ReportFile = { readonly write: (text: string) => void }

export function openReport(path: string): ReportFile {
  try {
    const file = openSync(path, 'w', 0o600)
    return {
      write(text) {
        writeSync(file, text)
        closeSync(file)
      },
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(`cannot write the report: ${reason}`, 'noInput')
  }
}

export async function runPlan(
  plan: MovingPlan,
  { administration, output }: Context,
  { dryRun = false, update = false, all = false, json = false }: PlanOptions,
  report: ReportFile | undefined,
): Promise<void> {
  const { applyPlan } = await import('#shared/administration/moving/apply.ts')
  const outcomes: Outcome[] = []
  for await (const outcome of applyPlan(administration, plan, { dryRun, update })) {
    outcomes.push(outcome)
  }
  const facts = factsOf(plan, outcomes, dryRun)
  report?.write(
    json
      ? `${printableJson(JSON.stringify(facts, null, 2))}\n`
      : linesOf(plan, outcomes, { dryRun, all: true })
          .map((line) => `${printable(line)}\n`)
          .join(''),
  )
  output.print(facts, () => linesOf(plan, outcomes, { dryRun, all }))
  const refused = outcomes.filter(({ kind }) => kind === 'refused').length
  if (refused === 0) return
  const what = counted(
    refused,
    dryRun ? 'item would be' : 'item was',
    dryRun ? 'items would be' : 'items were',
  )
  throw new CommandFailure(
    `${what} refused; everything else ${dryRun ? 'would be' : 'is'} done`,
    'data',
  )
}

const kinds = ['domain', 'account', 'alias', 'forward', 'table', 'signing-key', 'setting'] as const
const nouns: { readonly [what in Outcome['what']]: string } = {
  domain: 'domains',
  account: 'accounts',
  alias: 'aliases',
  forward: 'forwards',
  table: 'tables',
  'signing-key': 'keys',
  setting: 'settings',
}

function countsOf(outcomes: readonly Outcome[]) {
  return kinds.map((what) => {
    const own = outcomes.filter((one) => one.what === what)
    const count = (kind: Outcome['kind']) => own.filter((one) => one.kind === kind).length
    return {
      what: nouns[what],
      added: count('added'),
      changed: count('changed'),
      unchanged: count('unchanged'),
      forFile: count('for-file'),
      refused: count('refused'),
    }
  })
}

const reasonOf = (outcome: Extract<Outcome, { readonly kind: 'refused' }>) =>
  explainOutcome(outcome.name, outcome.refusal)

function factsOf(plan: MovingPlan, outcomes: readonly Outcome[], dryRun: boolean) {
  return {
    from: plan.from,
    dryRun,
    counts: countsOf(outcomes),
    forFile: outcomes.flatMap((one) => (one.kind === 'for-file' ? [one.line] : [])),
    refused: outcomes.flatMap((one) =>
      one.kind === 'refused'
        ? [{ what: one.what, name: one.name, reason: reasonOf(one), from: one.from }]
        : [],
    ),
    notes: plan.notes,
  }
}

const headings: readonly (readonly [kind: NoteKind, heading: string])[] = [
  ['to-do', 'Needs your hand'],
  ['differs', 'Came over, and is not quite the same'],
  ['not-supported', 'Did not come over'],
  ['faulty', 'Was wrong where it stood'],
  ['not-needed', 'Is not needed here'],
]

const placeText = ({ file, line }: Place) => (line === 0 ? file : `${file}:${line}`)

function linesOf(
  plan: MovingPlan,
  outcomes: readonly Outcome[],
  { dryRun, all }: { readonly dryRun: boolean; readonly all: boolean },
): readonly string[] {
  const forFile = outcomes.flatMap((one) => (one.kind === 'for-file' ? [one.line] : []))
  const refused = outcomes.flatMap((one) =>
    one.kind === 'refused' ? [`  ${placeText(one.from)}: ${reasonOf(one)}`] : [],
  )
  return [
    ...countsOf(outcomes).map(countText(dryRun)),
    ...section(refused, 'Refused'),
    ...section(
      forFile.map((line) => `  ${line}`),
      'For the configuration file (postwolke.toml); they need a start',
    ),
    ...headings.flatMap(([kind, heading]) => notesOf(plan.notes, kind, heading, all)),
  ]
}

const countText =
  (dryRun: boolean) =>
  ({ what, added, changed, unchanged, forFile, refused }: ReturnType<typeof countsOf>[number]) => {
    const parts = [
      `${added} ${dryRun ? 'would be added' : 'added'}`,
      `${changed} changed`,
      `${unchanged} as they were`,
      ...(forFile > 0 ? [`${forFile} for the file`] : []),
      ...(refused > 0 ? [`${refused} refused`] : []),
    ]
    return `${what.padEnd(9)} ${parts.join(', ')}`
  }

function notesOf(
  notes: readonly Note[],
  kind: NoteKind,
  heading: string,
  all: boolean,
): readonly string[] {
  const own = notes.filter((note) => note.kind === kind)
  if (kind === 'not-needed' && !all) {
    return own.length === 0
      ? []
      : ['', `${heading}: ${counted(own.length, 'item', 'items')} (--all lists them)`]
  }
  return section(
    own.map(({ about, reason, from }) => `  ${placeText(from)}: ${about}: ${reason}`),
    heading,
  )
}

const section = (lines: readonly string[], heading: string) =>
  lines.length === 0 ? [] : ['', `${heading} (${lines.length}):`, ...lines]
