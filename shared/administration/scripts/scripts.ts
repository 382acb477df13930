// Sieve scripts of an account, and those that the administrator keeps for all: what is there, and what whoever may does with it. What a
// script may be called and how much there may be is the shelf's to decide (shared/sieve/shelf.ts); as with PUTSCRIPT (RFC 5804 §2.6), a text that
// does not compile is not stored, and what was there stays.

import type { ScriptCatalogue, ScriptEntry } from '#shared/directory/scripts.ts'
import type { Finding } from '#shared/sieve/finding.ts'
import type { NoRoom, ScriptShelf } from '#shared/sieve/shelf.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import {
  type BadValue,
  badValue,
  type ChangedMeanwhile,
  type Exists,
  type NoSuchAccount,
  type NoSuchScript,
  type Rule,
  type ScriptIsActive,
  type TooMany,
  type WrongScript,
} from '../refusals.ts'
import { type FoundOwner, findOwner } from './owner.ts'
import { openShelf } from './shelf.ts'
import { SITE } from './site.ts'

export interface ScriptAdministration {
  /** By name. `owner`: an address, or `site`. */
  list(owner: string): Promise<ScriptsListed | NoOwner>
  show(request: ScriptRequest): Promise<ScriptShown | NoOwner | NoSuchScript>
  /** Nothing is stored. */
  check(text: Uint8Array): Promise<ScriptChecked>
  put(request: PutScript): Promise<ScriptPut | NotPut | NoSuchScript>
  /** Null: none is. Of those for all none ever is: settings name them. */
  activate(request: ActivateScript): Promise<ScriptActivated | NoOwner | NoSuchScript>
  rename(request: RenameScript): Promise<ScriptRenamed | NoOwner | NoSuchScript | Exists | TooMany>
  remove(request: ScriptRequest): Promise<ScriptRemoved | NoOwner | NoSuchScript | ScriptIsActive>
}

export type NoOwner = BadValue | NoSuchAccount
export type NotPut = NoOwner | TooMany | WrongScript | ChangedMeanwhile

export type ScriptRequest = { readonly owner: string; readonly name: string }

export type PutScript = ScriptRequest & {
  readonly text: Uint8Array
  /** It decides from now on. */
  readonly activate?: boolean | undefined
  /** Whether it is as whoever puts it knows it; null: it is not there. Absent: whatever it is. */
  readonly isAsKnown?: ((version: number | null) => boolean) | undefined
}

export type ActivateScript = { readonly owner: string; readonly name: string | null }

export type RenameScript = ScriptRequest & { readonly to: string }

export type ScriptFacts = {
  readonly name: string
  readonly bytes: number
  readonly changedMs: number
  readonly isActive: boolean
}

/** `owner`: the address, or null for those of all. */
type Of = { readonly owner: string | null }

export type ScriptsListed = Of & {
  readonly kind: 'scripts'
  readonly scripts: readonly ScriptFacts[]
}
export type ScriptShown = Of & {
  readonly kind: 'script'
  readonly script: ScriptFacts & { readonly version: number }
  readonly text: Uint8Array
  /** Also of one that compiled once and does no more. */
  readonly findings: readonly Finding[]
}
export type ScriptChecked = {
  readonly kind: 'checked'
  /** Whether it would be stored. */
  readonly isFine: boolean
  readonly findings: readonly Finding[]
}
export type ScriptPut = Of & {
  readonly kind: 'put'
  readonly script: { readonly name: string; readonly bytes: number; readonly isActive: boolean }
  readonly isNew: boolean
  readonly warnings: readonly Finding[]
}
export type ScriptActivated = Of & {
  readonly kind: 'activated'
  readonly name: string | null
  readonly before: string | null
}
export type ScriptRenamed = Of & {
  readonly kind: 'renamed'
  readonly from: string
  readonly to: string
}
export type ScriptRemoved = Of & { readonly kind: 'removed'; readonly name: string }

export function createScriptAdministration(
  deps: Pick<AdministrationDeps, 'directory' | 'settings' | 'record'>,
  fields: Fields,
): ScriptAdministration {
  const { record } = deps
  const { scripts } = deps.directory

  async function activated(
    found: FoundOwner,
    shelf: ScriptShelf,
    name: string | null,
  ): Promise<ScriptActivated | NoSuchAccount | NoSuchScript> {
    const done = await shelf.activate(found.owner, name)
    if (done.kind === 'gone') return found.gone
    if (done.kind === 'no-such-script') return noSuchScript(found, name ?? '')
    const { before } = done
    if (before !== name) tell(found, { active: before }, { active: name })
    return { kind: 'activated', owner: found.address, name, before }
  }

  /** Without the texts, which are the owner's. */
  function tell(
    { address }: FoundOwner,
    before: Parameters<typeof record>[0]['before'],
    after: Parameters<typeof record>[0]['after'],
  ): void {
    record({ what: 'script', name: address ?? SITE, before, after })
  }

  return {
    async list(text) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const catalogue = await scripts.catalogue(found.owner)
      const all = catalogue.scripts.map((entry) => factsOf(entry, catalogue))
      return { kind: 'scripts', owner: found.address, scripts: all }
    },

    async show({ owner: text, name }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const shelf = await openShelf(deps)
      const [catalogue, stored] = [
        await shelf.list(found.owner),
        await shelf.read(found.owner, name),
      ]
      const entry = entryOf(catalogue, name)
      if (entry === undefined || stored === undefined) return noSuchScript(found, name)
      const checked = shelf.check(stored.text)
      return {
        kind: 'script',
        owner: found.address,
        script: { ...factsOf(entry, catalogue), version: stored.version },
        text: stored.text,
        findings: checked.kind === 'checked' ? checked.warnings : checked.findings,
      }
    },

    async check(text) {
      const checked = (await openShelf(deps)).check(text)
      return checked.kind === 'checked'
        ? { kind: 'checked', isFine: true, findings: checked.warnings }
        : { kind: 'checked', isFine: false, findings: checked.findings }
    },

    async put({ owner: text, name, text: script, activate = false, isAsKnown }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      // Of all, none is active: it is not put and then refused.
      if (activate && found.owner === null) return noSuchScript(found, name)
      const shelf = await openShelf(deps)
      const put = await shelf.put(found.owner, name, script, { isAsKnown })
      switch (put.kind) {
        case 'put': {
          const { name: written, bytes } = put.script
          const before = put.before && { script: written, bytes: put.before.bytes }
          tell(found, before, { script: written, bytes })
          const isActive = activate || put.isActive
          if (activate) {
            const done = await activated(found, shelf, written)
            if (done.kind !== 'activated') return done
          }
          return {
            kind: 'put',
            owner: found.address,
            script: { name: written, bytes, isActive },
            isNew: put.isNew,
            warnings: put.warnings,
          }
        }
        case 'refused':
          return { kind: 'wrong-script', field: 'script', value: name, findings: put.findings }
        case 'changed-meanwhile':
          return { kind: 'changed-meanwhile', field: 'script', value: name }
        case 'gone':
          return found.gone
        default:
          return noRoom(put, name)
      }
    },

    async activate({ owner: text, name }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      return await activated(found, await openShelf(deps), name)
    },

    async rename({ owner: text, name, to }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const renamed = await (await openShelf(deps)).rename(found.owner, name, to)
      switch (renamed.kind) {
        case 'renamed':
          tell(found, { script: name }, { script: to })
          return { kind: 'renamed', owner: found.address, from: name, to }
        case 'exists':
          return { kind: 'exists', field: 'script', value: to }
        case 'no-such-script':
          return noSuchScript(found, name)
        case 'gone':
          return found.gone
        default:
          return noRoom(renamed, to)
      }
    },

    async remove({ owner: text, name }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const removed = await (await openShelf(deps)).remove(found.owner, name)
      switch (removed.kind) {
        case 'removed':
          tell(found, { script: name }, null)
          return { kind: 'removed', owner: found.address, name }
        case 'is-active':
          return { kind: 'script-is-active', field: 'script', value: name }
        case 'no-such-script':
          return noSuchScript(found, name)
        case 'gone':
          return found.gone
      }
    },
  }
}

export const noSuchScript = (
  { address }: Pick<FoundOwner, 'address'>,
  value: string,
): NoSuchScript => ({ kind: 'no-such-script', field: 'script', value, owner: address })

const entryOf = ({ scripts }: ScriptCatalogue, written: string) => {
  const name = written.normalize('NFC')
  return scripts.find((script) => script.name === name)
}

const factsOf = (
  { name, bytes, changedMs }: ScriptEntry,
  { active }: ScriptCatalogue,
): ScriptFacts => ({ name, bytes, changedMs, isActive: name === active })

function noRoom(obstacle: NoRoom, name: string): BadValue | TooMany {
  const bad = (rule: Rule) => badValue('script', name, rule)
  switch (obstacle.kind) {
    case 'bad-name':
      return bad({ name: 'script-name', charactersMax: obstacle.charactersMax })
    case 'too-large':
      return bad({ name: 'script-bytes', max: obstacle.max })
    case 'no-room':
      return bad({ name: 'scripts-bytes', max: obstacle.max })
    case 'too-many':
      return { kind: 'too-many', field: 'script', value: name, max: obstacle.max }
  }
}
