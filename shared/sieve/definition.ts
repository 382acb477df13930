// How a command or a test of the language is described: its name, which extension brings it, its arguments, and what it does. From
// a row the compiler checks every use, and whoever does it gets plain values with types that follow from the row.
//
// A row is for one word. What an extension adds to the words of others (`:copy` of fileinto) stands in their row, with its extension.

import type { Position } from './finding.ts'
import type { Flow } from './run/flow.ts'
import type { Gate } from './run/gate.ts'
import type { Run } from './run/run.ts'

/** What an argument is written as. `constant`: text whose variables would mean nothing, since it is needed before the run. */
export type Kind<T> = {
  readonly kind: 'number' | 'string' | 'strings' | 'constant' | 'constants'
  readonly optional: boolean
  /** Never there: carries the type. */
  readonly value?: T
}

const kind = <T>(name: Kind<T>['kind']): Kind<T> => ({ kind: name, optional: false })

export const number = kind<number>('number')
export const string = kind<string>('string')
export const strings = kind<readonly string[]>('strings')
export const constant = kind<string>('constant')
export const constants = kind<readonly string[]>('constants')

/** A positional argument that may be left out; a row has one at most. */
export function optional<T>(of: Kind<T>): Kind<T | undefined> {
  return { kind: of.kind, optional: true }
}

/** Tags of which one at most may be given. */
export type TagGroup<T> = {
  readonly tags: { readonly [name: string]: TagRow }
  /** What the command sees; undefined where none was given. */
  readonly read: (given: GivenTag | undefined) => T
}

export type TagRow = {
  /** That is to be required for it; null: it belongs to its command. */
  readonly extension: string | null
  /** What stands behind it. */
  readonly takes: Kind<unknown> | null
}

export type GivenTag = { readonly tag: string; readonly value: unknown }

/** A tag that is there or not. */
export function flag(name: string, extension: string | null = null): TagGroup<boolean> {
  return { tags: { [name]: { extension, takes: null } }, read: (given) => given !== undefined }
}

/** A tag with an argument. */
export function option<T>(
  name: string,
  takes: Kind<T>,
  extension: string | null = null,
): TagGroup<T | undefined> {
  const read = (given: GivenTag | undefined) => given?.value as T | undefined
  return { tags: { [name]: { extension, takes } }, read }
}

/** One of several tags, with whatever stands behind it. */
export function choice<const T extends { readonly [name: string]: TagRow }>(
  tags: T,
): TagGroup<{ readonly [K in keyof T & string]: Chosen<K, T[K]> }[keyof T & string] | undefined> {
  return { tags, read: (given) => given as never }
}

type Chosen<K extends string, R extends TagRow> = {
  readonly tag: K
  readonly value: R['takes'] extends Kind<infer V> ? V : undefined
}

export type TagGroups = { readonly [key: string]: TagGroup<unknown> }
export type Kinds = { readonly [key: string]: Kind<unknown> }

/** The arguments of a use, as a run sees them. */
export type Values<G extends TagGroups, P extends Kinds> = {
  readonly [K in keyof G]: G[K] extends TagGroup<infer T> ? T : never
} & { readonly [K in keyof P]: P[K] extends Kind<infer T> ? T : never }

/** What a check sees: whatever is known before a run. Texts with variables in them are not, and neither are lists that have any. */
export type KnownValues<V> = { readonly [K in keyof V]: V[K] | Unknown }
export const unknown = Symbol('known when the script runs')
export type Unknown = typeof unknown

/** Told while a script is compiled. `argument`: the one it is about, by its key, and in a list which of its strings. */
export interface Checker {
  error(message: string, argument?: string, index?: number): void
  warn(message: string, argument?: string, index?: number): void
  /** What is not known here: an error, or in a script with `ihave` one when it is reached (RFC 5463 §4). */
  unknown(message: string): void
  /** An error where the script does not require it, and no `ihave` may grant it. `what`: `"to" of the envelope`. */
  needs(extension: string, what: string): void
  /** Whether the script has it, which counts as using it. */
  requires(extension: string): boolean
  /** Counts states of regular expressions; false where the script has too many of them. */
  takesStates(count: number): boolean
  /** Of the command that the one being checked stands in, from the inside out. */
  readonly within: readonly Enclosing[]
}

export type Enclosing = {
  readonly command: string
  /** What stands behind its `:name`; undefined where it has none. */
  readonly name: string | undefined
}

type Named = {
  readonly name: string
  /** One of these is to be required; none: the word belongs to the language. */
  readonly extensions: readonly string[]
}

type Taking<G extends TagGroups, P extends Kinds> = {
  readonly tags: G
  /** In the order in which they are written. */
  readonly positional: P
  /** What only the command itself can tell is wrong. */
  readonly check?: (values: KnownValues<Values<G, P>>, checker: Checker) => void
}

export type Evaluated = boolean | Promise<boolean>

export type TestRow<G extends TagGroups = TagGroups, P extends Kinds = Kinds> = Named &
  Taking<G, P> & {
    /** Tests it is about. */
    readonly tests: 'none' | 'one' | 'list'
    readonly evaluate: (values: Values<G, P>, run: Run, about: Evaluation) => Evaluated
    /** What can be done once for all runs, where the arguments are known before them. */
    readonly prepare: ((values: Values<G, P>) => Prepared) | undefined
  }

/** A test with its arguments. */
export type Prepared = {
  readonly evaluate: (run: Run, about: Evaluation) => Evaluated
  /** Undefined: there is none. */
  readonly gate: () => Gate | undefined
}

export type Evaluation = {
  readonly at: Position
  readonly tests: readonly (() => Evaluated)[]
}

export type CommandRow<G extends TagGroups = TagGroups, P extends Kinds = Kinds> = Named &
  Taking<G, P> & {
    readonly block: boolean
    /** Whatever stands behind it in its block is never reached. */
    readonly ends: boolean
    readonly execute: (
      values: Values<G, P>,
      run: Run,
      about: Execution,
    ) => Flow | undefined | Promise<Flow>
  }

export type Execution = {
  readonly at: Position
  /** Runs the block. */
  readonly block: () => Promise<Flow>
  /** The arguments of these keys as they were written, before variables were put in: one text, to be compared. */
  readonly written: (keys: readonly string[]) => string
}

export function defineTest<const G extends TagGroups = NoTags, const P extends Kinds = NoKinds>(
  row: Partial<Pick<TestRow<G, P>, 'extensions' | 'tags' | 'positional' | 'tests' | 'check'>> &
    Pick<TestRow<G, P>, 'name' | 'evaluate'>,
): TestRow {
  return { ...nothing, tests: 'none', prepare: undefined, ...row } as unknown as TestRow
}

/** A test that is evaluated by what it prepares: once for each use in a script, or in each run for arguments with variables. */
export function definePreparedTest<
  const G extends TagGroups = NoTags,
  const P extends Kinds = NoKinds,
>(
  row: Partial<Pick<TestRow<G, P>, 'extensions' | 'tags' | 'positional' | 'tests' | 'check'>> & {
    readonly name: string
    readonly prepare: (values: Values<G, P>) => Prepared
  },
): TestRow {
  const { prepare } = row
  return defineTest({
    ...row,
    evaluate: (values, run, about) => prepare(values).evaluate(run, about),
  })
}

export function defineCommand<const G extends TagGroups = NoTags, const P extends Kinds = NoKinds>(
  row: Partial<
    Pick<CommandRow<G, P>, 'extensions' | 'tags' | 'positional' | 'block' | 'ends' | 'check'>
  > &
    Pick<CommandRow<G, P>, 'name' | 'execute'>,
): CommandRow {
  return { ...nothing, block: false, ends: false, ...row } as unknown as CommandRow
}

type NoTags = { readonly [key in never]: never }
type NoKinds = { readonly [key in never]: never }

const nothing = { extensions: [], tags: {}, positional: {} } as const
