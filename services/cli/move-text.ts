// What `postwolke move` prints for people.

import type {
  MoveRefusal,
  MoveStanding,
  Switched,
  Undone,
} from '#shared/moving/replication/move.ts'
import type { PassReport, Phase } from '#shared/moving/replication/pass.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import type { Verification } from '#shared/moving/replication/verify.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'

type Ends = { readonly source: Side; readonly target: Side }

export const phaseText = {
  reading: 'reading both',
  directory: 'accounts and settings',
  mail: 'folders and messages',
  queue: 'queue',
  counters: 'counters',
  objects: 'bytes of messages',
} as const satisfies { readonly [phase in Phase]: string }

const seconds = (ms: number) =>
  ms < 10_000 ? (ms / 1_000).toFixed(1) : String(Math.round(ms / 1_000))

export function passText(report: PassReport): readonly string[] {
  const { tables, objects, readUnits, unknown, tookMs } = report
  const rows = Object.entries(tables).map(([table, { items, written, removed }]) => [
    table,
    ...[items, written, removed].map(String),
  ])
  return [
    ...columns(['TABLE', 'ITEMS', 'WRITTEN', 'REMOVED'], rows),
    `${counted(objects.copied, 'object')} copied (${formatBytes(objects.bytes)}), ${objects.removed} removed`,
    ...(objects.missing.count === 0
      ? []
      : [
          `${counted(objects.missing.count, 'object')} that the source lacks too, of which 'postwolke check' says more: ${objects.missing.keys.join(', ')}`,
        ]),
    ...(unknown === 0
      ? []
      : [`${counted(unknown, 'item')} of kinds that this version does not know`]),
    `took ${seconds(tookMs)} s${unitsText(readUnits)}`,
  ]
}

function unitsText({ source, target }: PassReport['readUnits']): string {
  const units = Math.ceil(source + target)
  return units === 0 ? '' : `, ${counted(units, 'read unit')} of DynamoDB`
}

export const switchText = (
  { before, last, closedForMs }: Switched,
  { source, target }: Ends,
): readonly string[] => [
  ...passText(before),
  ...passText(last),
  `${target.name} has all of it and is open; ${source.name} was closed for ${seconds(closedForMs)} s before that, and stays closed`,
  `start the services of the target now; 'postwolke move undo' is the way back as long as nothing came to it`,
]

export function verifyText(verification: Verification): readonly string[] {
  const { folders, objects } = verification
  const named = folders.different.map(({ folder, account, source, target }) => [
    folder,
    account ?? '',
    source?.slice(0, 16) ?? 'none',
    target?.slice(0, 16) ?? 'none',
  ])
  return [
    ...tablesText(verification),
    `${counted(folders.count, 'folder')}: ${folders.digest.source.slice(0, 16)} at the source, ${folders.digest.target.slice(0, 16)} at the target`,
    ...(named.length === 0 ? [] : columns(['FOLDER', 'ACCOUNT', 'SOURCE', 'TARGET'], named)),
    ...(folders.differentCount > named.length
      ? [`and ${folders.differentCount - named.length} more`]
      : []),
    `${counted(objects.count, 'object')}, ${objects.missing} missing at the target`,
    ...(objects.differentBytes ?? []).map((key) => `other bytes: ${key}`),
    ...(objects.differentBytes === null
      ? ['bytes of messages were not read (--bytes reads them)']
      : []),
  ]
}

export const dryRunText = (verification: Verification): readonly string[] => [
  ...tablesText(verification),
  `${counted(verification.objects.missing, 'object')} of ${verification.objects.count} to copy`,
  'nothing was written',
]

function tablesText({ tables, readUnits }: Verification): readonly string[] {
  const rows = Object.entries(tables).map(([table, { items, differences }]) => [
    table,
    String(items),
    String(differences),
  ])
  const units = unitsText(readUnits)
  return [
    ...columns(['TABLE', 'ITEMS', 'DIFFERENT'], rows),
    ...(units === '' ? [] : [units.slice(2)]),
  ]
}

export function statusText(
  { source: there, target: here }: MoveStanding,
  { source, target }: Ends,
): readonly string[] {
  if (here === undefined) return [`no move to ${target.name} has begun`]
  const passes = here.role === 'target' ? `, ${counted(here.passes, 'pass', 'passes')} made` : ''
  return [
    `${target.name}: ${here.state}, from ${here.other} since ${formatTime(here.sinceMs)}${passes}`,
    there === undefined
      ? `${source.name}: open`
      : `${source.name}: ${there.state} since ${formatTime(there.sinceMs)}`,
  ]
}

export const undoText = ({ differences }: Undone, { source, target }: Ends): readonly string[] => [
  `${source.name} is open again, ${target.name} is closed`,
  ...(differences === 0 ? [] : [`${counted(differences, 'difference')} left at the target`]),
  "'postwolke move pass' goes on with the move",
]

/** What belongs to a machine or a deployment and not to its store. */
export function staysBehind({ source }: Ends): readonly string[] {
  return source.alone === undefined
    ? [
        'the secrets of the deployment: certificate, login of a relay host, keys of DNS lists, secrets of webhook and issuer',
        'its settings in cdk.json; those that were changed while it ran do move',
      ]
    : [
        'certificate and key (tls/, acme/): the target gets its own',
        'postwolke.toml; settings that were changed while it ran do move',
        'files of settings, such as lists of networks or a CA, and the log',
      ]
}

export function refusalText(refusal: MoveRefusal): string {
  switch (refusal.kind) {
    case 'not-begun':
      return "no such move has begun: 'postwolke move start' begins it"
    case 'target-not-empty':
      return `the target is in use: its table ${refusal.table} has ${counted(refusal.items, 'item')} of accounts or mail; a move needs an empty one`
    case 'another-move':
      return `the ${refusal.end} belongs to another move, with ${refusal.mark.other}, begun ${formatTime(refusal.mark.sinceMs)} (${refusal.mark.state})`
    case 'already-open':
      return 'the target was opened: the move is over'
    case 'source-waits':
      return `the source has accepted what is not in its store yet (${refusal.what}): start its server for a moment, then switch again; it is open`
    case 'nothing-to-undo':
      return 'the source is not closed: there is nothing to undo'
    case 'target-was-used':
      return `${counted(refusal.differences, 'item')} of accounts, mail and queue of the target ${refusal.differences === 1 ? 'is' : 'are'} not as at the source: something came to it since; --force leaves that there`
    default:
      return unreachable(refusal)
  }
}
