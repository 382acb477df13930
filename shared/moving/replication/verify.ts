// The proof: both ends read from their beginning to their end and compared, folder by folder. A folder's digest is made here of what its
// messages say (uid, modseq, flags, dates, blob), and is no number that anybody copied.

import { createHash, type Hash } from 'node:crypto'
import type { Clock } from '#shared/runtime/clock.ts'
import type { TableName } from '#shared/storage/ports.ts'
import { again } from './again.ts'
import { inTurns } from './in-turns.ts'
import type { End, Ledger, ObjectRow } from './ledger.ts'
import type { Watch } from './pass.ts'
import type { Side } from './side.ts'
import { survey } from './survey.ts'
import { tableNames } from './what-moves.ts'

export type Verification = {
  readonly tables: {
    readonly [table in TableName]: { readonly items: number; readonly differences: number }
  }
  readonly folders: {
    readonly count: number
    /** At most FOLDERS_NAMED_MAX of them. */
    readonly different: readonly FolderDifference[]
    readonly differentCount: number
    /** Of all digests of folders, in order. */
    readonly digest: { readonly source: string; readonly target: string }
  }
  readonly objects: {
    readonly count: number
    readonly missing: number
    /** Null: bytes were not compared. */
    readonly differentBytes: readonly string[] | null
  }
  readonly readUnits: { readonly source: number; readonly target: number }
}

export type FolderDifference = {
  readonly folder: string
  /** Undefined: of none of the source's accounts. */
  readonly account: string | undefined
  readonly source: string | null
  readonly target: string | null
}

/** Whether there is anything that the proof does not bear. */
export const isEqual = ({ tables, folders, objects }: Verification): boolean =>
  tableNames.every((name) => tables[name].differences === 0) &&
  folders.differentCount === 0 &&
  objects.missing === 0 &&
  (objects.differentBytes ?? []).length === 0

export const FOLDERS_NAMED_MAX = 1_000
const OBJECTS_AT_ONCE = 8
const PAGE_OBJECTS = 500
const OBJECTS_NAMED_MAX = 1_000

export type VerifyParts = {
  readonly source: Side
  readonly target: Side
  readonly ledger: Ledger
  readonly clock: Clock
  readonly watch: Watch
}

/** `bytes`: every object is read at both ends too. */
export async function verify(parts: VerifyParts, { bytes = false } = {}): Promise<Verification> {
  const { source, target, ledger, clock, watch } = parts
  watch('reading', 0)
  const nowMs = clock.now()
  const [there, here] = await Promise.all([
    survey({ side: source, ledger, clock, nowMs }, 'source', { anew: true }),
    survey({ side: target, ledger, clock, nowMs }, 'target'),
  ])
  const compared = (table: TableName) => ({
    items: ledger.countItems('source', table),
    differences: ledger.countDifferences(table),
  })
  return {
    tables: {
      directory: compared('directory'),
      mail: compared('mail'),
      queue: compared('queue'),
      counters: compared('counters'),
    },
    folders: compareFolders(ledger),
    objects: {
      count: ledger.countObjects('source'),
      missing: ledger.countMissingObjects().objects,
      differentBytes: bytes ? await compareBytes(parts) : null,
    },
    readUnits: { source: there.readUnits, target: here.readUnits },
  }
}

type Folder = { readonly id: string; readonly digest: string }

/** Both in the order of their ids. */
function compareFolders(ledger: Ledger): Verification['folders'] {
  const all = { source: createHash('sha256'), target: createHash('sha256') }
  const different: Omit<FolderDifference, 'account'>[] = []
  let differentCount = 0
  let count = 0
  const ends = { source: folders(ledger, 'source'), target: folders(ledger, 'target') }
  let one = ends.source.next().value
  let other = ends.target.next().value
  while (one !== undefined || other !== undefined) {
    const isHere = one !== undefined && (other === undefined || one.id <= other.id)
    const isThere = other !== undefined && (one === undefined || other.id <= one.id)
    const [mine, its] = [isHere ? one : undefined, isThere ? other : undefined]
    count++
    add(all.source, mine)
    add(all.target, its)
    if (mine?.digest !== its?.digest) {
      differentCount++
      if (different.length < FOLDERS_NAMED_MAX) {
        const folder = mine?.id ?? its?.id ?? ''
        different.push({ folder, source: mine?.digest ?? null, target: its?.digest ?? null })
      }
    }
    if (isHere) one = ends.source.next().value
    if (isThere) other = ends.target.next().value
  }
  const accounts = accountsOf(ledger, new Set(different.map(({ folder }) => folder)))
  return {
    count,
    differentCount,
    different: different.map((one) => ({ ...one, account: accounts.get(one.folder) })),
    digest: { source: all.source.digest('hex'), target: all.target.digest('hex') },
  }
}

function add(hash: Hash, folder: Folder | undefined): void {
  if (folder !== undefined) hash.update(`${folder.id} ${folder.digest}\n`)
}

/** With their messages, change logs and marks. A folder that holds nothing has no partition of its own, and is an item of its account. */
function* folders(ledger: Ledger, end: End): Generator<Folder, undefined> {
  let id: string | undefined
  let hash = createHash('sha256')
  for (const { pk, sk, digest } of ledger.digests(end, 'mail', 'F#')) {
    if (id !== pk) {
      if (id !== undefined) yield { id: id.slice(2), digest: hash.digest('hex') }
      id = pk
      hash = createHash('sha256')
    }
    hash.update(`${sk}\0`).update(digest)
  }
  if (id !== undefined) yield { id: id.slice(2), digest: hash.digest('hex') }
  return undefined
}

function accountsOf(ledger: Ledger, ids: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (ids.size === 0) return found
  for (const end of ['source', 'target'] as const) {
    for (const { pk, sk } of ledger.digests(end, 'mail', 'A#')) {
      const id = sk.startsWith('F#') ? sk.slice(2) : ''
      if (ids.has(id)) found.set(id, pk.slice(2))
    }
  }
  return found
}

/** By SHA-256; those that are missing are not read. */
async function compareBytes(parts: VerifyParts): Promise<readonly string[]> {
  const { source, target, ledger, clock, watch } = parts
  const step = watch('objects', ledger.countObjects('source'))
  const different: string[] = []
  await inTurns(wanted(ledger), OBJECTS_AT_ONCE, async ({ key }) => {
    const [one, other] = await again(clock, () =>
      Promise.all([digestOf(source, key), digestOf(target, key)]),
    )
    if (one !== other && different.length < OBJECTS_NAMED_MAX) different.push(key)
    step(1)
  })
  return different
}

async function digestOf({ store }: Side, key: string): Promise<string | undefined> {
  const stream = await store.objects.stream(key)
  if (stream === undefined) return undefined
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}

function* wanted(ledger: Ledger): Generator<ObjectRow> {
  for (let after = ''; ; ) {
    const page = ledger.wantedObjects(after, PAGE_OBJECTS)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

/** How much people would miss of what a target has and its source has not: of accounts and aliases, mail and queue. */
export async function compareMail(parts: VerifyParts): Promise<{ readonly mail: number }> {
  const { ledger } = parts
  await verify(parts)
  const counts = [
    ...['DOMAINS', 'ACC#', 'D#'].map((prefix) => ledger.countDifferences('directory', prefix)),
    ledger.countDifferences('mail'),
    ledger.countDifferences('queue', 'Q#'),
  ]
  return { mail: counts.reduce((sum, count) => sum + count, 0) }
}
