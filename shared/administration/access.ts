// What an administrator does with access tables: the entries that restriction lists ask (`check_client_access table:clients`), and those
// that settings name for a list (`relayDomains = table:partners`). A table is there while it has entries.

import { formatAccessKey } from '#shared/directory/access-key.ts'
import {
  type AccessKind,
  type AccessQuestion,
  accessKinds,
  accessQuestion,
} from '#shared/directory/access-questions.ts'
import type { AccessEntry } from '#shared/directory/access-records.ts'
import type { AccessHit, AccessTables } from '#shared/directory/access-tables.ts'
import { type Action, parseAction } from '#shared/settings/restrictions/action.ts'
import type { TableRef } from '#shared/settings/restrictions/table-ref.ts'
import { type AccessEntryText, createAccessFields } from './access-fields.ts'
import type { AdministrationDeps } from './deps.ts'
import { type AccessImport, createAccessImport } from './imports/access-import.ts'
import type { Listed } from './listing.ts'
import {
  type BadValue,
  badValue,
  type NoSuchAccessEntry,
  type NoSuchAccessTable,
} from './refusals.ts'
import { type Warning, warnOfAccessEntry } from './warnings.ts'

export interface AccessAdministration {
  tables(): Promise<{ readonly kind: 'tables'; readonly tables: readonly AccessTableFacts[] }>
  page(request: {
    readonly table: string
    /** `next` of the page before. */
    readonly after?: string | undefined
  }): Promise<Listed<AccessEntryFacts> | BadValue | NoSuchAccessTable>
  /** A new entry, or another result for one that is there. */
  set(request: AccessSetRequest): Promise<AccessSet | BadValue>
  /** One entry, or without `key` all of the table. */
  remove(request: {
    readonly table: string
    readonly key?: string | undefined
  }): Promise<AccessRemoved | BadValue | NoSuchAccessTable | NoSuchAccessEntry>
  /** What the table says of a client, an address, …, and what that would do (postmap -q). */
  test(request: {
    readonly table: string
    readonly of: string
    readonly value: string
  }): Promise<AccessTested | BadValue>
  import: AccessImport
}

export type AccessSetRequest = AccessEntryText & { readonly table: string }

export type AccessTableFacts = { readonly table: string; readonly entries: number }
export type AccessEntryFacts = { readonly key: string; readonly result: string }

export type AccessSet = {
  readonly kind: 'set'
  readonly entry: AccessEntryFacts
  /** Null: there was none. */
  readonly before: string | null
  readonly warnings: readonly Warning[]
}
export type AccessRemoved = { readonly kind: 'removed'; readonly entries: number }
export type AccessTested = {
  readonly kind: 'tested'
  /** Texts that were asked for, up to the one that was found. */
  readonly keys: readonly string[]
  /** Asked for with the networks around it, where no text was found. */
  readonly address: string | null
  readonly hit: AccessHit | null
  /** What the result says; null where nothing was found. */
  readonly action: Action | null
}

export function createAccessAdministration(deps: AdministrationDeps): AccessAdministration {
  const { directory, accessTables, settings, record } = deps
  const { accessEntries } = directory
  const fields = createAccessFields(settings)
  const { parseTable, parseKey, parseEntry } = fields

  async function removeAll(table: string): Promise<number> {
    let entries = 0
    for (;;) {
      const { items } = await accessEntries.page(table, {})
      if (items.length === 0) return entries
      const removed = await accessEntries.remove(
        table,
        items.map(({ key }) => key),
      )
      entries += removed.filter((entry) => entry !== undefined).length
    }
  }

  return {
    async tables() {
      const tables: AccessTableFacts[] = []
      for await (const { name, entries } of accessEntries.list())
        tables.push({ table: name, entries })
      return { kind: 'tables', tables }
    },

    async page({ table, after }) {
      const name = parseTable(table)
      if (name.kind !== 'ok') return name
      const { items, next } = await accessEntries.page(table, { after })
      if (items.length === 0 && after === undefined) return noSuchTable(table)
      return { kind: 'page', items: items.map(factsOf), next }
    },

    async set(request) {
      const { table } = request
      const name = parseTable(table)
      if (name.kind !== 'ok') return name
      const entry = parseEntry(request)
      if (entry.kind !== 'ok') return entry
      const [set] = await accessEntries.set(table, [entry.value])
      const before = set?.kind === 'changed' ? set.before : null
      const facts = factsOf(entry.value)
      if (set?.kind !== 'unchanged') {
        const { key, result } = facts
        const was = before === null ? null : { result: before }
        record({ what: 'access', name: `${table} ${key}`, before: was, after: { result } })
      }
      const warnings = request.anyResult ? [] : warnOfAccessEntry(entry.value)
      return { kind: 'set', entry: facts, before, warnings }
    },

    async remove({ table, key: text }) {
      const name = parseTable(table)
      if (name.kind !== 'ok') return name
      if (text === undefined) {
        const entries = await removeAll(table)
        if (entries === 0) return noSuchTable(table)
        record({ what: 'access', name: table, before: { entries }, after: null })
        return { kind: 'removed', entries }
      }
      const key = parseKey(text)
      if (key.kind !== 'ok') return key
      const [removed] = await accessEntries.remove(table, [key.value])
      if (removed === undefined) {
        return { kind: 'no-such-access-entry', field: 'accessKey', value: text, table }
      }
      const { key: shown, result } = factsOf(removed)
      record({ what: 'access', name: `${table} ${shown}`, before: { result }, after: null })
      return { kind: 'removed', entries: 1 }
    },

    async test({ table, of, value }) {
      const name = parseTable(table)
      if (name.kind !== 'ok') return name
      if (!isKind(of)) return badValue('kind', of, { name: 'one-of', allowed: accessKinds })
      const question = accessQuestion(of, value, settings.recipientDelimiter)
      const found = await ask(accessTables, { kind: 'table', name: table }, question)
      return { kind: 'tested', ...found, action: found.hit && parseAction(found.hit.result) }
    },

    import: createAccessImport(deps, fields),
  }
}

/** What tables may be asked about. */

const isKind = (text: string): text is AccessKind => accessKinds.some((kind) => kind === text)

const factsOf = ({ key, result }: AccessEntry): AccessEntryFacts => ({
  key: formatAccessKey(key),
  result,
})

const noSuchTable = (table: string): NoSuchAccessTable => ({
  kind: 'no-such-access-table',
  field: 'accessTable',
  value: table,
})

async function ask(
  tables: AccessTables,
  table: TableRef,
  { keys, address }: AccessQuestion,
): Promise<Pick<AccessTested, 'keys' | 'address' | 'hit'>> {
  for (const [at, key] of keys.entries()) {
    const hit = await tables.lookup(table, [key])
    if (hit !== undefined) return { keys: keys.slice(0, at + 1), address: null, hit }
  }
  if (address === undefined) return { keys, address: null, hit: null }
  return { keys, address, hit: (await tables.lookupAddress(table, address)) ?? null }
}
