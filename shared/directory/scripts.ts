// Sieve scripts of accounts, and those that the administrator keeps for all (site scripts). What there is, and which one is active, is in one
// item, so that counting them and writing one is one decision; each script's text is an item of its own.
//
//   ACC#<id> / SIEVE          catalogue: active (name or null), revision, scripts: name → [version, bytes, changedMs]
//   ACC#<id> / SIEVE#<name>   text (bytes), version
//   SIEVE    / SIEVE, SIEVE#<name>   the same for site scripts, of which none is active: settings name them
//   ACC#<id> / PROFILE        script: { name, version } of the active one, which delivery reads with the account
//   D#<domain> / L#<local>    filtered: true while there is one, which expansion reads with the address
//
// A version is the revision of the catalogue that wrote the script: a name that was removed and put again has a higher one.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Item, Key, Table, Value, Write } from '#shared/storage/ports.ts'
import { optimistic } from './optimistic.ts'
import { type AccountRecord, accountKey, addressKey, readAccount } from './records.ts'

/** Null: the administrator's, for everybody. */
export type ScriptsOwner = AccountId | null

export type ScriptEntry = {
  readonly name: string
  /** Of its text. */
  readonly bytes: number
  readonly version: number
  readonly changedMs: number
}

export type ScriptCatalogue = {
  /** By name. */
  readonly scripts: readonly ScriptEntry[]
  readonly active: string | null
}

export type StoredScript = { readonly text: Uint8Array; readonly version: number }

/** What a decision makes of a catalogue; the texts it names. `active`: as it was where it is undefined. */
export type ScriptChange = {
  readonly put?: readonly { readonly name: string; readonly text: Uint8Array }[]
  readonly remove?: readonly string[]
  readonly rename?: { readonly from: string; readonly to: string }
  readonly active?: string | null
}

export interface Scripts {
  catalogue(owner: ScriptsOwner): Promise<ScriptCatalogue>
  read(owner: ScriptsOwner, name: string): Promise<StoredScript | undefined>
  /**
   * Changes them as `decide` says, who is asked again where somebody else was faster. Undefined: nothing changes. `gone`: the account is.
   */
  change<T>(
    owner: ScriptsOwner,
    decide: (before: ScriptCatalogue) => {
      readonly change?: ScriptChange | undefined
      readonly result: T
    },
  ): Promise<T | 'gone'>
}

const CATALOGUE_SK = 'SIEVE'
const sitePk = 'SIEVE'

const pkOf = (owner: ScriptsOwner) => (owner === null ? sitePk : accountKey(owner).pk)
const catalogueKey = (owner: ScriptsOwner): Key => ({ pk: pkOf(owner), sk: CATALOGUE_SK })
const scriptKey = (owner: ScriptsOwner, name: string): Key => ({
  pk: pkOf(owner),
  sk: `${CATALOGUE_SK}#${name}`,
})

export function createScripts(deps: {
  readonly table: Pick<Table, 'get' | 'transact'>
  readonly clock: { now(): number }
}): Scripts {
  const { table, clock } = deps

  async function read(owner: ScriptsOwner, name: string): Promise<StoredScript | undefined> {
    const item = await table.get(scriptKey(owner, name), { consistent: true })
    return item && readScript(item)
  }

  return {
    read,

    async catalogue(owner) {
      const item = await table.get(catalogueKey(owner), { consistent: true })
      return readCatalogue(item)
    },

    async change(owner, decide) {
      return await optimistic(async () => {
        const item = await table.get(catalogueKey(owner), { consistent: true })
        const before = readCatalogue(item)
        const { change, result } = decide(before)
        if (change === undefined) return result
        const profile =
          owner === null ? undefined : await table.get(accountKey(owner), { consistent: true })
        if (owner !== null && profile === undefined) return 'gone'
        const revision = revisionOf(item) + 1
        const renamed = change.rename && (await read(owner, change.rename.from))
        const after = applied(before, change, { revision, nowMs: clock.now() })
        await table.transact([
          {
            put: catalogueItem(owner, after, revision),
            if:
              item === undefined
                ? { absent: 'pk' }
                : { attribute: 'revision', is: '=', value: revision - 1 },
          },
          ...textWrites(owner, change, renamed, revision),
          ...(profile ? marks(readAccount(profile), markOf(before), markOf(after)) : []),
        ])
        return result
      })
    },
  }
}

function applied(
  before: ScriptCatalogue,
  { put = [], remove = [], rename, active = before.active }: ScriptChange,
  { revision: version, nowMs: changedMs }: { readonly revision: number; readonly nowMs: number },
): ScriptCatalogue {
  const scripts = new Map(before.scripts.map((script) => [script.name, script]))
  for (const name of remove) scripts.delete(name)
  const moved = rename && scripts.get(rename.from)
  if (rename && moved) {
    scripts.delete(rename.from)
    scripts.set(rename.to, { ...moved, name: rename.to, version })
  }
  for (const { name, text } of put) {
    scripts.set(name, { name, bytes: text.length, version, changedMs })
  }
  const kept = rename && active === rename.from ? rename.to : active
  return {
    scripts: [...scripts.values()],
    active: kept !== null && scripts.has(kept) ? kept : null,
  }
}

function textWrites(
  owner: ScriptsOwner,
  { put = [], remove = [], rename }: ScriptChange,
  renamed: StoredScript | undefined,
  version: number,
): readonly Write[] {
  const item = (name: string, text: Uint8Array) => ({
    put: { ...scriptKey(owner, name), text, version },
  })
  return [
    ...put.map(({ name, text }) => item(name, text)),
    ...remove.map((name) => ({ delete: scriptKey(owner, name) })),
    ...(rename && renamed
      ? [item(rename.to, renamed.text), { delete: scriptKey(owner, rename.from) }]
      : []),
  ]
}

/** The account's own items say it too, where they change. */
function marks(
  { id, address }: AccountRecord,
  before: ScriptMark | null,
  after: ScriptMark | null,
): readonly Write[] {
  const profile: Write = {
    update: accountKey(id),
    changes: after === null ? { remove: ['script'] } : { set: { script: after } },
    if: { exists: 'pk' },
  }
  if ((before === null) === (after === null)) return [profile]
  const isOwn = { attribute: 'accountId', is: '=', value: id } as const
  return [
    profile,
    {
      update: addressKey(address),
      changes: after === null ? { remove: ['filtered'] } : { set: { filtered: true } },
      if: isOwn,
    },
  ]
}

/** Of the active script, as the account's profile has it. */
export type ScriptMark = { readonly name: string; readonly version: number }

function markOf({ scripts, active }: ScriptCatalogue): ScriptMark | null {
  const entry = scripts.find(({ name }) => name === active)
  return entry ? { name: entry.name, version: entry.version } : null
}

const revisionOf = (item: Item | undefined) =>
  typeof item?.revision === 'number' ? item.revision : 0

function catalogueItem(
  owner: ScriptsOwner,
  { scripts, active }: ScriptCatalogue,
  revision: number,
): Item {
  const packed: { [name: string]: Value } = {}
  for (const { name, version, bytes, changedMs } of scripts) {
    packed[name] = [version, bytes, changedMs]
  }
  return { ...catalogueKey(owner), active, revision, scripts: packed }
}

function readCatalogue(item: Item | undefined): ScriptCatalogue {
  if (item === undefined) return { scripts: [], active: null }
  const packed: { readonly [name: string]: unknown } = Object(item.scripts)
  const scripts = Object.entries(packed).map(([name, entry]): ScriptEntry => {
    const [version, bytes, changedMs] = Array.isArray(entry) ? entry : []
    return { name, version: Number(version), bytes: Number(bytes), changedMs: Number(changedMs) }
  })
  const active = typeof item.active === 'string' ? item.active : null
  return { scripts: scripts.sort((a, b) => (a.name < b.name ? -1 : 1)), active }
}

function readScript({ pk, sk, text, version }: Item): StoredScript {
  if (!(text instanceof Uint8Array)) throw new Error(`${pk} ${sk} has no text`)
  return { text, version: Number(version) }
}
