// The scripts of an account, as whoever edits them may: by ManageSieve, the command line, the API. One place decides which names there are,
// how much there may be of them, and that nothing is kept that does not compile (RFC 5804 §2).

import type {
  ScriptCatalogue,
  ScriptChange,
  ScriptEntry,
  Scripts,
  ScriptsOwner,
  StoredScript,
} from '#shared/directory/scripts.ts'
import { compileScript, type Vocabulary } from './compile.ts'
import type { Finding } from './finding.ts'

export interface ScriptShelf {
  readonly limits: ShelfLimits
  list(owner: ScriptsOwner): Promise<ScriptCatalogue>
  read(owner: ScriptsOwner, name: string): Promise<StoredScript | undefined>
  /** Nothing is stored. */
  check(text: Uint8Array): Checked
  /** Whether a script of this name and size could be put now. */
  hasRoom(
    owner: ScriptsOwner,
    name: string,
    bytes: number,
  ): Promise<{ readonly kind: 'fits' } | NoRoom>
  /** In place of one that is there; the active one stays active. */
  put(
    owner: ScriptsOwner,
    name: string,
    text: Uint8Array,
    options?: {
      /** Whether it is as whoever puts it knows it, by the version of its text; null: it is not there. */
      readonly isAsKnown?: ((version: number | null) => boolean) | undefined
    },
  ): Promise<Put>
  /** Null: none is. Of site scripts none is ever active. */
  activate(owner: ScriptsOwner, name: string | null): Promise<Activated>
  rename(owner: ScriptsOwner, from: string, to: string): Promise<Renamed>
  remove(owner: ScriptsOwner, name: string): Promise<Removed>
}

export type Checked =
  | { readonly kind: 'checked'; readonly warnings: readonly Finding[] }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] }

export type NoRoom =
  | { readonly kind: 'bad-name'; readonly charactersMax: number }
  /** Bytes of one script. */
  | { readonly kind: 'too-large'; readonly max: number }
  | { readonly kind: 'too-many'; readonly max: number }
  /** Bytes of all of them. */
  | { readonly kind: 'no-room'; readonly max: number }

type Gone = { readonly kind: 'gone' }
type Missing = { readonly kind: 'no-such-script' }

export type Put =
  | {
      readonly kind: 'put'
      readonly script: Pick<ScriptEntry, 'name' | 'bytes'>
      readonly isNew: boolean
      /** Of what was there under this name. */
      readonly before: Pick<ScriptEntry, 'bytes'> | null
      readonly isActive: boolean
      readonly warnings: readonly Finding[]
    }
  | Extract<Checked, { readonly kind: 'refused' }>
  | { readonly kind: 'changed-meanwhile' }
  | NoRoom
  | Gone
export type Activated =
  | { readonly kind: 'activated'; readonly before: string | null }
  | Missing
  | Gone
export type Renamed =
  | { readonly kind: 'renamed' }
  | { readonly kind: 'exists' }
  | Missing
  | NoRoom
  | Gone
export type Removed = { readonly kind: 'removed' } | { readonly kind: 'is-active' } | Missing | Gone

export type ShelfLimits = {
  /** `sieveMaxScriptSize`. */
  readonly scriptBytesMax: number
  /** `sieveQuotaMaxScripts`; 0: no limit but SCRIPTS_MAX. */
  readonly scriptsMax: number
  /** `sieveQuotaMaxStorage`; 0: no limit. */
  readonly storageBytesMax: number
}

/** Whatever the settings say: what there is stands in one item. */
export const SCRIPTS_MAX = 500
/** RFC 5804 §1.6 asks for 128 at least; and of their bytes, which are a sort key. */
export const SCRIPT_NAME_CHARACTERS_MAX = 200
export const SCRIPT_NAME_BYTES_MAX = 800

/** RFC 5804 §1.6, and Net-Unicode (RFC 5198 §2): what is the same looks the same. */
export function scriptName(written: string): string | undefined {
  if (written.length > SCRIPT_NAME_CHARACTERS_MAX * 2) return undefined
  const name = written.normalize('NFC')
  const isFine =
    name !== '' &&
    // The catalogue has its names as those of properties.
    name !== '__proto__' &&
    name.isWellFormed() &&
    !notInName.test(name) &&
    [...name].length <= SCRIPT_NAME_CHARACTERS_MAX &&
    Buffer.byteLength(name) <= SCRIPT_NAME_BYTES_MAX
  return isFine ? name : undefined
}

const notInName = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

export function createScriptShelf(deps: {
  readonly scripts: Scripts
  readonly vocabulary: Vocabulary
  readonly limits: ShelfLimits
}): ScriptShelf {
  const { scripts, vocabulary, limits } = deps

  function check(text: Uint8Array): Checked {
    const compilation = compileScript(text, vocabulary)
    return compilation.kind === 'compiled'
      ? { kind: 'checked', warnings: compilation.script.warnings }
      : compilation
  }

  /** Undefined: it fits. */
  function obstacle(
    { scripts: all }: ScriptCatalogue,
    name: string,
    bytes: number,
  ): NoRoom | undefined {
    const { scriptBytesMax, scriptsMax, storageBytesMax } = limits
    if (bytes > scriptBytesMax) return { kind: 'too-large', max: scriptBytesMax }
    const others = all.filter((script) => script.name !== name)
    const max = scriptsMax === 0 ? SCRIPTS_MAX : Math.min(scriptsMax, SCRIPTS_MAX)
    if (others.length >= max) return { kind: 'too-many', max }
    const used = others.reduce((sum, script) => sum + script.bytes, 0)
    const isFull = storageBytesMax > 0 && used + bytes > storageBytesMax
    return isFull ? { kind: 'no-room', max: storageBytesMax } : undefined
  }

  const change = async <T extends { readonly kind: string }>(
    owner: ScriptsOwner,
    decide: (before: ScriptCatalogue) => {
      readonly change?: ScriptChange
      readonly result: T
    },
  ): Promise<T | Gone> => {
    const result = await scripts.change(owner, decide)
    return result === 'gone' ? { kind: 'gone' } : result
  }

  return {
    limits,
    check,
    list: (owner) => scripts.catalogue(owner),

    async read(owner, written) {
      const name = scriptName(written)
      return name === undefined ? undefined : await scripts.read(owner, name)
    },

    async hasRoom(owner, written, bytes) {
      const name = scriptName(written)
      if (name === undefined) return badName
      return obstacle(await scripts.catalogue(owner), name, bytes) ?? { kind: 'fits' }
    },

    async put(owner, written, text, { isAsKnown } = {}) {
      const name = scriptName(written)
      if (name === undefined) return badName
      // Before it is compiled: that costs more.
      if (text.length > limits.scriptBytesMax) {
        return { kind: 'too-large', max: limits.scriptBytesMax }
      }
      const checked = check(text)
      if (checked.kind === 'refused') return checked
      return await change<Put>(owner, (before) => {
        const there = before.scripts.find((script) => script.name === name) ?? null
        if (isAsKnown?.(there?.version ?? null) === false) {
          return { result: { kind: 'changed-meanwhile' } }
        }
        const refused = obstacle(before, name, text.length)
        if (refused) return { result: refused }
        return {
          change: { put: [{ name, text }] },
          result: {
            kind: 'put',
            script: { name, bytes: text.length },
            isNew: there === null,
            before: there && { bytes: there.bytes },
            isActive: before.active === name,
            warnings: checked.warnings,
          },
        }
      })
    },

    async activate(owner, written) {
      const name = written === null ? null : scriptName(written)
      if (name === undefined) return { kind: 'no-such-script' }
      return await change<Activated>(owner, (before) => {
        if (name !== null && (owner === null || !has(before, name))) {
          return { result: { kind: 'no-such-script' } }
        }
        const result = { kind: 'activated', before: before.active } as const
        return before.active === name ? { result } : { change: { active: name }, result }
      })
    },

    async rename(owner, from, to) {
      const before = scriptName(from)
      const after = scriptName(to)
      if (before === undefined) return { kind: 'no-such-script' }
      if (after === undefined) return badName
      return await change<Renamed>(owner, (catalogue) => {
        if (!has(catalogue, before)) return { result: { kind: 'no-such-script' } }
        if (before === after) return { result: { kind: 'renamed' } }
        if (has(catalogue, after)) return { result: { kind: 'exists' } }
        return { change: { rename: { from: before, to: after } }, result: { kind: 'renamed' } }
      })
    },

    async remove(owner, written) {
      const name = scriptName(written)
      if (name === undefined) return { kind: 'no-such-script' }
      return await change<Removed>(owner, (before) => {
        if (!has(before, name)) return { result: { kind: 'no-such-script' } }
        if (before.active === name) return { result: { kind: 'is-active' } }
        return { change: { remove: [name] }, result: { kind: 'removed' } }
      })
    },
  }
}

const badName = { kind: 'bad-name', charactersMax: SCRIPT_NAME_CHARACTERS_MAX } as const

const has = ({ scripts }: ScriptCatalogue, name: string) =>
  scripts.some((script) => script.name === name)
