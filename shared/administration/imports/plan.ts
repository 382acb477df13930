// What all imports have in common. First the whole file is read and checked: where a line is wrong, nothing is done. Then what is
// missing is added. What is there and is as the file says is left alone, so that an import can be run again; what is there and differs
// is changed with --update, and otherwise named.

import type { Context } from '#services/cli/context.ts'
import { CommandFailure } from '#services/cli/failure.ts'
import { counted } from '#services/cli/output.ts'
import { LineProblems } from '#shared/administration/imports/lines.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

export type ImportOptions = { readonly update?: boolean; readonly dryRun?: boolean }

export type Wanted = {
  readonly number: number
  /** What it is told apart by, and called. */
  readonly key: string
}

/** `kept`: it is there, and whether its password is that of the file cannot be seen; only --update changes it. */
export type Standing = 'missing' | 'same' | 'kept' | 'differs'

/** Refused: with the reason. */
export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'refused'; readonly reason: string }

export type Import<W extends Wanted> = {
  readonly one: string
  readonly many: string
  readonly standing: (wanted: W) => Promise<Standing>
  readonly add: (some: readonly W[]) => Promise<readonly Outcome[]>
  readonly update: (wanted: W) => Promise<Outcome>
}

/** Lines worked on between two looks at what has been done. */
const CHUNK = 180
/** Reads and changes on the way at once. */
const AT_ONCE = 16

export async function runImport<W extends Wanted>(
  wanted: readonly W[],
  problems: LineProblems,
  { core, output }: Context,
  options: ImportOptions,
  steps: Import<W>,
): Promise<void> {
  findRepeated(wanted, problems)
  problems.fail('nothing was imported')
  const standings = await concurrently(wanted, AT_ONCE, steps.standing)
  const all = (standing: Standing) => wanted.filter((_, i) => standings[i] === standing)
  const differing = all('differs')
  const refused = new LineProblems()
  if (!options.update) {
    for (const { number, key } of differing) {
      refused.add(number, `${key} is there and differs; --update makes it as the file says`)
    }
  }
  const toChange = options.update ? [...differing, ...all('kept')] : []
  const unchanged = all('same').length + (options.update ? 0 : all('kept').length)
  const done = { added: 0, changed: 0, unchanged }
  const print = () =>
    output.print({ ...done, dryRun: options.dryRun === true }, () => [
      `${counted(done.added, steps.one, steps.many)} ${options.dryRun ? 'would be added' : 'added'}, ${done.changed} changed, ${done.unchanged} as they were`,
    ])
  if (options.dryRun) {
    done.added = all('missing').length
    done.changed = toChange.length
    print()
    refused.fail(`${counted(refused.size, 'line')} would not be imported; everything else would`)
    return
  }
  const finish = () => {
    core.log.info({ ...done, of: wanted.length }, `${steps.many} imported`)
    print()
  }
  const settle = (some: readonly W[], outcomes: readonly Outcome[]): number => {
    for (const [i, { number, key }] of some.entries()) {
      const outcome = outcomes[i]
      if (outcome?.kind === 'refused') refused.add(number, `${key}: ${outcome.reason}`)
    }
    return outcomes.filter(({ kind }) => kind === 'ok').length
  }
  try {
    for (const some of chunks(all('missing'))) done.added += settle(some, await steps.add(some))
    for (const some of chunks(toChange)) {
      done.changed += settle(some, await concurrently(some, AT_ONCE, steps.update))
    }
  } catch (error) {
    if (!(error instanceof TemporaryFailure)) throw error
    finish()
    throw new CommandFailure(`the import ended early and may be run again: ${error.message}`)
  }
  finish()
  refused.fail(
    `${counted(refused.size, 'line was', 'lines were')} not imported; everything else is`,
  )
}

/** Said once for each domain, with the first line that is in it. */
export async function findDomains(
  places: readonly { readonly number: number; readonly domain: Domain }[],
  problems: LineProblems,
  { core }: Context,
): Promise<void> {
  for (const [domain, [first]] of Map.groupBy(places, (place) => place.domain)) {
    if (first === undefined || (await core.directory.domains.get(domain)) !== undefined) continue
    problems.add(first.number, `no domain ${domain}; 'postwolke domain add ${domain}' makes it`)
  }
}

function findRepeated(wanted: readonly Wanted[], problems: LineProblems): void {
  const seen = new Map<string, number>()
  for (const { number, key } of wanted) {
    const first = seen.get(key)
    if (first === undefined) seen.set(key, number)
    else problems.add(number, `${key} is in line ${first} already`)
  }
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += CHUNK) yield all.slice(at, at + CHUNK)
}
