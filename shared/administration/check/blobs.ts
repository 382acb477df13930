// Blobs against the messages that refer to them and the objects that they point at, and objects against who owns them. References are
// counted in slices, so that memory is bounded however many blobs there are.

import { hash } from 'node:crypto'
import type { BlobId } from '#shared/contracts/mailbox.ts'
import { parseQueueId, queueIdTime } from '#shared/mail/queue-id.ts'
import { DEAD_PK, deadAt } from '#shared/mailbox/blob-references.ts'
import { blobKey } from '#shared/mailbox/keys.ts'
import { isEndedItem } from '#shared/queue/group-item.ts'
import { messageKey } from '#shared/queue/keys.ts'
import type { Item } from '#shared/storage/ports.ts'
import type { CheckFinding } from './finding.ts'
import { type CheckDeps, itemsOf, nameOf } from './reading.ts'

/** Blobs whose references are counted in one pass: about 150 bytes each. */
export const COUNTED_TOGETHER_MAX = 1_000_000
const BLOBS = 'B#'
const OBJECTS = 'mail/'
/** A message is stored before it is queued, and a crash in between is seen to after a day. */
const ORPHAN_AGE_MS = 24 * 3_600_000

/** Blobs and their objects; resolves to how many passes it takes to count references. */
export async function* checkBlobObjects(
  deps: CheckDeps,
  { together = COUNTED_TOGETHER_MAX } = {},
): AsyncGenerator<CheckFinding, number> {
  let blobs = 0
  for await (const item of itemsOf(deps, 'mail', BLOBS)) {
    blobs++
    // Nobody refers to it, and its object may be gone: the collector is at it.
    if (item.collected === true) continue
    const key = String(item.key)
    const bytes = await deps.reading.objectBytes(key)
    const isDead = item.refs === 0
    const of = nameOf(item)
    if (bytes === undefined) {
      if (!isDead) yield { kind: 'blob-without-object', of, found: `there is no object ${key}` }
    } else if (Number(item.offset ?? 0) + Number(item.length ?? 0) > bytes) {
      const found = `names ${Number(item.length)} bytes of ${key}, which has ${bytes}`
      yield { kind: 'blob-length', of, found }
    }
  }
  return Math.max(1, Math.ceil(blobs / together))
}

/** References of the messages whose blobs are in one slice. */
export class ReferenceCount {
  readonly #counts = new Map<string, number>()
  readonly #slice: number
  readonly #slices: number

  constructor(slice: number, slices: number) {
    this.#slice = slice
    this.#slices = slices
  }

  isIn(blobId: string): boolean {
    if (this.#slices === 1) return true
    return hash('sha256', blobId, 'buffer').readUInt32BE() % this.#slices === this.#slice
  }

  add(blobId: string): void {
    if (this.isIn(blobId)) this.#counts.set(blobId, (this.#counts.get(blobId) ?? 0) + 1)
  }

  /** What is counted of it, once. */
  take(blobId: string): number {
    const count = this.#counts.get(blobId) ?? 0
    this.#counts.delete(blobId)
    return count
  }

  /** Blobs that messages refer to and that were not there to be asked. */
  left(): Iterable<string> {
    return this.#counts.keys()
  }
}

export async function* checkReferences(
  deps: CheckDeps,
  counted: ReferenceCount,
): AsyncGenerator<CheckFinding> {
  for await (const item of itemsOf(deps, 'mail', BLOBS)) {
    const id = item.pk.slice(BLOBS.length)
    if (!counted.isIn(id)) continue
    yield* judge(deps, item, counted.take(id))
  }
  for (const id of counted.left()) {
    const key = blobKey(id as BlobId)
    yield { kind: 'message-without-blob', of: nameOf(key), found: 'a message refers to it' }
  }
}

async function* judge(deps: CheckDeps, item: Item, counted: number): AsyncGenerator<CheckFinding> {
  const { mail } = deps.tables
  const key = { pk: item.pk, sk: item.sk }
  const id = item.pk.slice(BLOBS.length) as BlobId
  const refs = Number(item.refs ?? 0)
  const of = nameOf(item)
  const asRead = { attribute: 'refs', is: '=', value: refs } as const
  if (refs < counted) {
    // Before the collector takes it for dead.
    const changes = { set: { refs: counted }, remove: ['deadPk', 'deadSk'] }
    const mend = () => mail.write({ update: key, changes, if: asRead })
    const found = `says ${refs} references, ${counted} messages refer to it`
    yield { kind: 'blob-too-few-references', of, found, mend }
    return
  }
  const isDead = item.deadPk === DEAD_PK
  if (refs > counted) {
    // References are reserved for mail on its way, and of some it is not known whether they were used (reservations.ts).
    const isOnItsWay = await isQueued(deps, id)
    if (isOnItsWay || item.inexact === true) return
    const changes = {
      set: { refs: counted, ...(counted === 0 ? deadAt(deps.nowMs, id) : {}) },
    }
    const mend = () => mail.write({ update: key, changes, if: asRead })
    const found = `says ${refs} references, ${counted} messages refer to it`
    yield { kind: 'blob-too-many-references', of, found, mend }
    return
  }
  if (counted === 0 && !isDead && !(await isQueued(deps, id))) {
    const mend = () =>
      mail.write({ update: key, changes: { set: deadAt(deps.nowMs, id) }, if: asRead })
    yield { kind: 'blob-not-dead', of, found: 'nobody refers to it, and nobody removes it', mend }
  } else if (counted > 0 && isDead) {
    const mend = () =>
      mail.write({ update: key, changes: { remove: ['deadPk', 'deadSk'] }, if: asRead })
    const found = `is listed as dead, and ${counted} messages refer to it`
    yield { kind: 'blob-too-few-references', of, found, mend }
  }
}

/** Objects that are neither queued nor in a mailbox. */
export async function* checkOwners(deps: CheckDeps): AsyncGenerator<CheckFinding> {
  const bornBefore = queueIdTime(deps.nowMs - ORPHAN_AGE_MS)
  for await (const { key, bytes } of deps.reading.objects()) {
    if (!key.startsWith(OBJECTS)) continue
    const id = parseQueueId(key.slice(OBJECTS.length))
    if (id === undefined || id >= bornBefore) continue
    const blob = blobKey(id as string as BlobId)
    if ((await deps.reading.get('mail', blob)) !== undefined) continue
    if (await isQueued(deps, id)) continue
    const put = { ...blob, key, refs: 0, ...deadAt(deps.nowMs, id as string as BlobId) }
    // As the collector does: it is removed after its grace time.
    const mend = () => deps.tables.mail.write({ put, if: { absent: 'pk' } })
    yield { kind: 'object-without-owner', of: key, found: `${bytes} bytes of no message`, mend }
  }
}

async function isQueued({ reading }: CheckDeps, id: string): Promise<boolean> {
  const queueId = parseQueueId(id)
  const item = queueId && (await reading.get('queue', messageKey(queueId)))
  return item !== undefined && !isEndedItem(item)
}
