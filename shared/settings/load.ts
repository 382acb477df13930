// Reads the settings from their sources, in rising precedence: the table's defaults, what was changed while the system ran and is kept in
// its store, the configuration file (TOML), environment variables, `--set key=value`. Every mistake in any of them is reported at once; there is no result until all are right.

import { parse as parseToml, TomlError } from 'smol-toml'
import { findConflicts } from './conflicts.ts'
import { asFile, withFiles } from './listed-files.ts'
import { nearestPath } from './nearest.ts'
import { type Problem, SECRET, type ValueOrigin } from './problems.ts'
import { type Expanded, expandReferences } from './references.ts'
import type { Setting, SettingFacts, SettingGroup, ValuesOf } from './setting.ts'
import { flatten, type Settings, settingsTable } from './table.ts'

export type SettingSources = {
  /** By path, in place of the table's own defaults. */
  readonly defaults?: { readonly [path: string]: string }
  /** By path: what was changed while the system ran. Whoever writes the file or the environment has the last word. */
  readonly stored?: StoredSettings
  readonly file?: { readonly path: string; readonly text: string } | undefined
  readonly environment: { readonly [variable: string]: string | undefined }
  /** Arguments of `--set`; a later one wins. */
  readonly overrides: readonly string[]
  /** For values that name files with more of them. Throws what the system does; without it such values are refused. */
  readonly readFile?: (path: string) => string
}

export type StoredSettings = { readonly [path: string]: string }

/** A text that was given for a setting, and where. */
export type GivenText = { readonly text: string; readonly origin: ValueOrigin }

export type LoadedSettings<S = Settings> = {
  readonly kind: 'ok'
  readonly settings: S
  readonly origin: (path: string) => ValueOrigin
  /** All that was given for it, the last of which counts. */
  readonly given: (path: string) => readonly GivenText[]
}

export type SettingsResult<S = Settings> =
  | LoadedSettings<S>
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

const ENVIRONMENT_PREFIX = 'POSTWOLKE_'

/** Variables of the command line itself, which are not settings. */
const commandVariables: ReadonlySet<string> = new Set([
  `${ENVIRONMENT_PREFIX}DATA`,
  `${ENVIRONMENT_PREFIX}CONFIG`,
  `${ENVIRONMENT_PREFIX}AWS`,
])

/** How settings of a table are read. `conflicts` sees them when each is allowed by itself. */
export function createSettingsLoader<G extends SettingGroup>(of: {
  readonly table: G
  readonly conflicts: (settings: ValuesOf<G>) => readonly Problem[]
}): (sources: SettingSources) => SettingsResult<ValuesOf<G>> {
  const byPath: SettingsByPath = new Map(flatten(of.table))
  const pathsByVariable = new Map([...byPath.keys()].map((path) => [variableOf(path), path]))
  return (sources) => {
    const problems: Problem[] = []
    const given = [
      ...fromDefaults(sources.defaults ?? {}),
      ...fromStored(sources.stored ?? {}),
      ...fromFile(sources.file, byPath, problems),
      ...fromEnvironment(sources.environment, pathsByVariable),
      ...fromOverrides(sources.overrides, problems),
    ]
    const values = new Map<string, { readonly value: unknown; readonly origin: ValueOrigin }>()
    const resolve = createResolver(byPath, given, sources.readFile)
    for (const [path, setting] of byPath) {
      values.set(path, { value: setting.facts.default, origin: { kind: 'default' } })
    }
    const take = (one: Given, told: Problem[]) => {
      const outcome = read(one, byPath, resolve)
      if (outcome.kind === 'problem') told.push(outcome.problem)
      else values.set(one.path, { value: outcome.value, origin: one.origin })
    }
    for (const one of given) take(one, problems)
    // What is wrong with them is wrong with what they follow from, and is told already.
    const follows: Problem[] = []
    for (const one of derivedDefaults(given, byPath)) take(one, follows)
    if (problems.length === 0) problems.push(...follows)
    // The one place that turns parsed values into the type: each path of the table has a value its own kind parsed.
    const settings = nest(values) as ValuesOf<G>
    if (problems.length === 0) problems.push(...of.conflicts(settings))
    if (problems.length > 0) return { kind: 'invalid', problems }
    return {
      kind: 'ok',
      settings,
      origin: (path) => values.get(path)?.origin ?? { kind: 'default' },
      given: (path) =>
        given
          .filter((one) => one.path === path && one.origin.kind !== 'default')
          .map(({ value, origin }) => {
            const isList = byPath.get(path)?.kind.list === true
            return { text: asText(value, isList) ?? '', origin }
          }),
    }
  }
}

export const loadSettings = createSettingsLoader({ table: settingsTable, conflicts: findConflicts })

type SettingsByPath = ReadonlyMap<string, Setting<unknown>>
type Given = { readonly path: string; readonly value: unknown; readonly origin: ValueOrigin }

function fromDefaults(defaults: { readonly [path: string]: string }): Given[] {
  const origin: ValueOrigin = { kind: 'default' }
  return Object.entries(defaults).map(([path, value]) => ({ path, value, origin }))
}

function fromStored(stored: StoredSettings): Given[] {
  const origin: ValueOrigin = { kind: 'stored' }
  return Object.entries(stored).map(([path, value]) => ({ path, value, origin }))
}

function fromFile(
  file: SettingSources['file'],
  byPath: SettingsByPath,
  problems: Problem[],
): Given[] {
  if (file === undefined) return []
  const origin: ValueOrigin = { kind: 'file', path: file.path }
  try {
    const found = leaves(parseToml(file.text), '', byPath)
    return found.map(([path, value]) => ({ path, value, origin }))
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.split('\n')
    problems.push({
      kind: 'bad-file',
      path: file.path,
      line: error.line,
      column: error.column,
      reason: reason.replace(/^Invalid TOML document: /, ''),
    })
    return []
  }
}

/** Tables are walked into unless they stand where a setting's value belongs. */
function leaves(
  table: object,
  prefix: string,
  byPath: SettingsByPath,
): [path: string, value: unknown][] {
  return Object.entries(table).flatMap(([name, value]): [string, unknown][] => {
    const path = `${prefix}${name}`
    const isTable = typeof value === 'object' && value !== null && !(value instanceof Date)
    const walked = isTable && !Array.isArray(value) && !byPath.has(path)
    return walked ? leaves(value, `${path}.`, byPath) : [[path, value]]
  })
}

/** `listeners.smtp.port` is `POSTWOLKE_LISTENERS__SMTP__PORT`, `hopcountLimit` is `POSTWOLKE_HOPCOUNT_LIMIT`. */
export function variableOf(path: string): string {
  const name = path.replace(/[A-Z]+/g, '_$&').replaceAll('.', '__')
  return `${ENVIRONMENT_PREFIX}${name.toUpperCase()}`
}

function fromEnvironment(
  environment: SettingSources['environment'],
  pathsByVariable: ReadonlyMap<string, string>,
): Given[] {
  return Object.entries(environment).flatMap(([variable, value]) => {
    if (value === undefined || !variable.startsWith(ENVIRONMENT_PREFIX)) return []
    if (commandVariables.has(variable)) return []
    const path = pathsByVariable.get(variable) ?? variable
    return [{ path, value, origin: { kind: 'environment', variable } }]
  })
}

function fromOverrides(overrides: readonly string[], problems: Problem[]): Given[] {
  return overrides.flatMap((argument) => {
    const equals = argument.indexOf('=')
    if (equals < 1) {
      problems.push({ kind: 'bad-override', argument })
      return []
    }
    const path = argument.slice(0, equals).trim()
    return [{ path, value: argument.slice(equals + 1), origin: { kind: 'override' } }]
  })
}

type Reading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem }

/** Defaults that follow from other settings, where nothing else is given. */
function derivedDefaults(given: readonly Given[], byPath: SettingsByPath): readonly Given[] {
  const paths = new Set(given.map(({ path }) => path))
  const textOf = winnersOf(given)
  return [...byPath].flatMap(([path, { facts }]): Given[] => {
    const value = paths.has(path) ? undefined : derivedText(facts, byPath, textOf)
    return value === undefined ? [] : [{ path, value, origin: { kind: 'default' } }]
  })
}

/** The last one wins. */
function winnersOf(given: readonly Given[]): ReadonlyMap<string, unknown> {
  return new Map(given.map(({ path, value }) => [path, value]))
}

/** What a default follows from other settings, with their `$name`s. */
function derivedText(
  { derived, derivedBy }: SettingFacts<unknown>,
  byPath: SettingsByPath,
  winners: ReadonlyMap<string, unknown>,
): string | undefined {
  if (derivedBy === undefined) return derived
  const { setting, texts } = derivedBy
  const deciding = byPath.get(setting)
  const given = asText(winners.get(setting), false)
  const value = given ?? deciding?.kind.format(deciding.facts.default) ?? ''
  // What is no value of it is told where it stands.
  return Object.hasOwn(texts, value) ? texts[value] : undefined
}

type Resolve = (path: string, text: string, setting: Setting<unknown>) => Expanded

/** From the text of a value to that with everything in it that it refers to. */
function createResolver(
  byPath: SettingsByPath,
  given: readonly Given[],
  readFile: SettingSources['readFile'],
): Resolve {
  const winners = winnersOf(given)

  function resolve(text: string, setting: Setting<unknown>, above: readonly string[]): Expanded {
    const expanded: Expanded =
      setting.kind.verbatim === true
        ? { kind: 'text', text }
        : expandReferences(text, (name) => textOf(name, above))
    if (expanded.kind === 'fault' || setting.kind.files === undefined) return expanded
    return setting.kind.files === 'whole'
      ? asFile(expanded.text, readFile)
      : withFiles(expanded.text, readFile)
  }

  function textOf(name: string, above: readonly string[]): Expanded {
    const setting = byPath.get(name)
    if (setting === undefined) {
      const nearest = nearestPath(name, byPath)
      const hint = nearest === undefined ? '' : `; did you mean $${nearest}?`
      return { kind: 'fault', reason: `$${name} is not a setting${hint}` }
    }
    if (above.includes(name)) {
      return { kind: 'fault', reason: `$${name} refers to itself (${[...above, name].join(', ')})` }
    }
    const { kind, facts } = setting
    if (kind.secret === true) return { kind: 'fault', reason: `$${name} is a secret` }
    const value =
      asText(winners.get(name), kind.list === true) ?? derivedText(facts, byPath, winners)
    if (value === undefined) return { kind: 'text', text: kind.format(facts.default) }
    const resolved = resolve(value, setting, [...above, name])
    if (resolved.kind === 'fault') return resolved
    const parsed = kind.parse(resolved.text)
    return parsed === undefined ? resolved : { kind: 'text', text: kind.format(parsed) }
  }

  return (path, text, setting) => resolve(text, setting, [path])
}

function read(
  { path, value: given, origin }: Given,
  byPath: SettingsByPath,
  resolve: Resolve,
): Reading {
  const setting = byPath.get(path)
  if (setting === undefined) {
    const nearest = nearestPath(path, byPath)
    return { kind: 'problem', problem: { kind: 'unknown-key', key: path, origin, nearest } }
  }
  const text = asText(given, setting.kind.list === true)
  const isSecret = setting.kind.secret === true
  const shown = isSecret ? SECRET : (text ?? JSON.stringify(given) ?? String(given))
  const resolved = text === undefined ? undefined : resolve(path, text, setting)
  if (resolved?.kind === 'fault') {
    const { reason } = resolved
    return {
      kind: 'problem',
      problem: { kind: 'unresolved', key: path, value: shown, origin, reason },
    }
  }
  const value = resolved && setting.kind.parse(resolved.text)
  if (value !== undefined) return { kind: 'value', value }
  const { allowed } = setting.kind
  return {
    kind: 'problem',
    problem: { kind: 'bad-value', key: path, value: shown, origin, allowed },
  }
}

/** TOML's own numbers and booleans are read like the texts they look like. */
function asText(given: unknown, list: boolean): string | undefined {
  if (typeof given === 'string') return given.trim()
  if (typeof given === 'number' || typeof given === 'boolean') return String(given)
  if (!list || !Array.isArray(given)) return undefined
  return given.every((entry) => typeof entry === 'string') ? given.join(', ') : undefined
}

function nest(values: ReadonlyMap<string, { readonly value: unknown }>): unknown {
  const root: Record<string, unknown> = {}
  for (const [path, { value }] of values) {
    const names = path.split('.')
    const last = names.pop() ?? path
    let group = root
    for (const name of names) {
      const inner: Record<string, unknown> = Object(group[name] ?? {})
      group[name] = inner
      group = inner
    }
    group[last] = value
  }
  return root
}
