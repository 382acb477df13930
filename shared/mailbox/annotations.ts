// Annotations of folders and of the account as a whole (RFC 5464): small values under names like `/private/comment`.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  type Changes,
  type Condition,
  type Item,
  type Signals,
  type Table,
  TRANSACT_ITEMS_MAX,
  type Write,
} from '#shared/storage/ports.ts'
import { readFolder } from './folder-reading.ts'
import { accountPk, accountTopic, annotationSk, folderTopic } from './keys.ts'
import type { Annotated, Annotation, Annotations, SetAnnotations } from './port.ts'
import { retrying } from './retry.ts'
import { USE_WRITES_MAX, useWrites } from './special-use.ts'
import { noGrowth, staysWithin, USAGE_WRITES, type Usage, usageWrites } from './usage.ts'
import { annotationSize, readCompleteUsage } from './usage-counting.ts'

/** Bytes of an entry's name, and of its value (METADATA MAXSIZE). */
export const ANNOTATION_NAME_BYTES_MAX = 200
export const ANNOTATION_BYTES_MAX = 64 * 1024
/** Entries of one folder, or of the account as a whole (METADATA TOOMANY). */
export const ANNOTATIONS_PER_FOLDER_MAX = 100
/** Entries of an account and all its folders. */
export const ANNOTATIONS_PER_ACCOUNT_MAX = 10_000
/** Bytes of an account's entries, their names included: they are outside of its quota. */
export const ANNOTATION_BYTES_PER_ACCOUNT_MAX = 16 * 1024 * 1024
/** Of one SETMETADATA, which is one transaction. */
const SET_ENTRIES_MAX = TRANSACT_ITEMS_MAX - USAGE_WRITES
const SET_BYTES_MAX = 3_500_000
/** So many of the largest are within one transaction. */
const REMOVED_TOGETHER_MAX = 50

export function createAnnotations(deps: {
  readonly table: Table
  readonly signals: Signals
  readonly clock: Clock
}): Annotations {
  const { table, signals, clock } = deps

  /** By name, in byte order. `id` null: those of the account as a whole. */
  async function get(of: Annotated): Promise<readonly Annotation[]> {
    return (await readAll(table, of)).map(({ sk, value }) => ({
      entry: sk.slice(annotationSk(of.id, '').length),
      value: value instanceof Uint8Array ? value : new Uint8Array(),
    }))
  }

  async function set(
    of: Annotated,
    entries: readonly { readonly entry: string; readonly value: Uint8Array | null }[],
    uses?: readonly string[],
    eventScript?: string | null,
  ): Promise<SetAnnotations> {
    const given = new Map(entries.map(({ entry, value }) => [entry.toLowerCase(), value]))
    for (const [entry, value] of given) {
      if (!isEntryName(entry)) return { kind: 'bad-name' }
      if (value !== null && value.length > ANNOTATION_BYTES_MAX) return { kind: 'too-large' }
    }
    const givenBytes = [...given.values()].reduce((sum, value) => sum + (value?.length ?? 0), 0)
    const ofFolder = uses === undefined && eventScript === undefined ? 0 : USE_WRITES_MAX
    const entriesMax = SET_ENTRIES_MAX - ofFolder
    if (given.size > entriesMax || givenBytes > SET_BYTES_MAX) return { kind: 'too-many' }
    const changed = await retrying(clock, () => change(of, given, uses, eventScript))
    if (changed !== 'set') return { kind: changed }
    // Sessions in the folder have its item with them.
    if (eventScript !== undefined && of.id !== null) signals.publish(folderTopic(of.id), 'script')
    signals.publish(accountTopic(of.accountId), 'metadata')
    return { kind: 'set' }
  }

  async function change(
    of: Annotated,
    given: ReadonlyMap<string, Uint8Array | null>,
    uses: readonly string[] | undefined,
    eventScript: string | null | undefined,
  ): Promise<Exclude<SetAnnotations['kind'], 'bad-name' | 'too-large'>> {
    const usage = await readCompleteUsage(deps, of.accountId)
    const before = new Map((await readAll(table, of)).map((item) => [item.sk, item]))
    const pk = accountPk(of.accountId)
    const writes: Write[] = []
    let annotations = 0
    let annotationBytes = 0
    for (const [entry, value] of given) {
      const key = { pk, sk: annotationSk(of.id, entry) }
      const old = before.get(key.sk)
      if (old !== undefined) {
        annotations -= 1
        annotationBytes -= annotationSize(old)
      }
      if (value === null) {
        writes.push({ delete: key })
        continue
      }
      const bytes = annotationSize({ ...key, value })
      annotations += 1
      annotationBytes += bytes
      writes.push({ put: { ...key, value, bytes } })
    }
    // What takes away is allowed however much there is.
    const limits: Condition[] = []
    if (annotations > 0) {
      if (before.size + annotations > ANNOTATIONS_PER_FOLDER_MAX) return 'too-many'
      if (usage.annotations + annotations > ANNOTATIONS_PER_ACCOUNT_MAX) return 'too-many'
      limits.push(staysWithin('annotations', ANNOTATIONS_PER_ACCOUNT_MAX, annotations))
    }
    if (annotationBytes > 0) {
      const bytesMax = ANNOTATION_BYTES_PER_ACCOUNT_MAX
      if (usage.annotationBytes + annotationBytes > bytesMax) return 'too-much'
      limits.push(staysWithin('annotationBytes', bytesMax, annotationBytes))
    }
    if (uses !== undefined || eventScript !== undefined) {
      const changes = await folderWrites(of, uses, eventScript)
      if (changes === undefined) return 'no-such-folder'
      writes.push(...changes)
    }
    await table.transact([
      ...writes,
      annotationUsage(of.accountId, usage, { annotations, annotationBytes }, limits),
    ])
    return 'set'
  }

  /** What is not kept as an annotation but with the folder: its special uses, and the script for what happens in it. */
  async function folderWrites(
    { accountId, id }: Annotated,
    uses: readonly string[] | undefined,
    eventScript: string | null | undefined,
  ): Promise<readonly Write[] | undefined> {
    const folder = id === null ? undefined : await readFolder(table, { accountId, id })
    if (folder === undefined) return undefined
    return await useWrites(table, folder, uses ?? folder.specialUses, scriptChange(eventScript))
  }

  return { get, set }
}

function scriptChange(eventScript: string | null | undefined): Changes {
  if (eventScript === undefined) return {}
  return eventScript === null ? { remove: ['eventScript'] } : { set: { eventScript } }
}

/** One change of annotations in the account after the other: each knows what is there. */
function annotationUsage(
  accountId: AccountId,
  { annotationChanges }: Usage,
  add: { readonly annotations: number; readonly annotationBytes: number },
  limits: readonly Condition[] = [],
): Write {
  const asRead: Condition = { attribute: 'annotationChanges', is: '=', value: annotationChanges }
  const [write] = usageWrites(accountId, noGrowth, {
    add: { ...add, annotationChanges: 1 },
    if: [asRead, ...limits],
  })
  if (write === undefined) throw new Error('a change of annotations that changes nothing')
  return write
}

export async function removeAnnotations(
  deps: { readonly table: Table; readonly clock: Clock },
  of: Annotated,
): Promise<void> {
  const { table, clock } = deps
  const removeSome = async (): Promise<boolean> => {
    const usage = await readCompleteUsage(deps, of.accountId)
    const items = (await readAll(table, of)).slice(0, REMOVED_TOGETHER_MAX)
    if (items.length === 0) return false
    const annotationBytes = items.reduce((sum, item) => sum + annotationSize(item), 0)
    await table.transact([
      ...items.map(({ pk, sk }) => ({ delete: { pk, sk } })),
      annotationUsage(of.accountId, usage, {
        annotations: -items.length,
        annotationBytes: -annotationBytes,
      }),
    ])
    return true
  }
  while (await retrying(clock, removeSome));
}

async function readAll(table: Table, { accountId, id }: Annotated): Promise<readonly Item[]> {
  const items: Item[] = []
  let after: string | undefined
  do {
    const page = await table.query({
      pk: accountPk(accountId),
      sk: { prefix: annotationSk(id, '') },
      consistent: true,
      ...(after === undefined ? {} : { after }),
    })
    items.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return items
}

/** RFC 5464 §3.2: begins with a slash, has no two in a row and none at the end, no `*`, `%` or controls; ASCII. */
function isEntryName(entry: string): boolean {
  return (
    Buffer.byteLength(entry) <= ANNOTATION_NAME_BYTES_MAX &&
    /^(\/[\x21-\x24\x26-\x29\x2b-\x2e\x30-\x7e]+)+$/.test(entry)
  )
}
