// One attached archive: the names in it, and those in archives that stand in it compressed, as deep as is looked.

import { promisify } from 'node:util'
import { constants, inflateRaw } from 'node:zlib'
import type { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { fileType } from './file-name.ts'
import { type Content, type ZipEntry, ZipScanner } from './zip-scanner.ts'

/** Entries of one message that are looked at. */
export const ENTRIES_MAX = 20_000
/** Archives in archives of one message that are looked into. */
export const NESTED_ARCHIVES_MAX = 10
/** Of each so much, compressed and not. */
export const NESTED_BYTES_MAX = 2 * 1024 * 1024
export const INFLATED_BYTES_MAX = 8 * 1024 * 1024

const inflate = promisify(inflateRaw)

export type Finding =
  | { readonly kind: 'name'; readonly name: string }
  /** Nobody can look into it, or not to its end. */
  | { readonly kind: 'closed'; readonly name: string }

/** What one message may cost, all archives together. */
export type ArchiveLimits = { entries: number; nested: number }

export class Archive {
  readonly #find: (finding: Finding) => void
  readonly #budget: ByteBudget
  readonly #limits: ArchiveLimits
  readonly #scanner: ZipScanner
  /** The archive within that is being kept. */
  #nested:
    | { readonly name: string; readonly pieces: Buffer[]; bytes: number; before: number }
    | undefined
  /** What was kept, to be looked into. */
  readonly #kept: { readonly name: string; readonly bytes: Buffer }[] = []

  constructor(deps: {
    readonly find: (finding: Finding) => void
    readonly budget: ByteBudget
    readonly limits: ArchiveLimits
  }) {
    this.#find = deps.find
    this.#budget = deps.budget
    this.#limits = deps.limits
    this.#scanner = new ZipScanner((entry, content) => this.#visit(entry, content))
  }

  async push(piece: Uint8Array): Promise<void> {
    if (this.#limits.entries > ENTRIES_MAX) return
    // Up to where it ends, which nothing says; what stands behind does no harm.
    this.#keep(piece)
    this.#scanner.push(piece)
    await this.#look()
  }

  async finish(): Promise<void> {
    this.#scanner.finish()
    this.#endNested()
    await this.#look()
  }

  /** It is looked at no further. */
  close(): void {
    this.#endNested()
    this.#budget.give(this.#kept.length * NESTED_BYTES_MAX)
    this.#kept.length = 0
  }

  #visit(entry: ZipEntry, { here, before }: Content): void {
    this.#limits.entries += 1
    const { name, isEncrypted, deflated } = entry
    if (this.#limits.entries > ENTRIES_MAX) {
      this.#find({ kind: 'closed', name })
      return
    }
    this.#find({ kind: 'name', name })
    if (isEncrypted) this.#find({ kind: 'closed', name })
    if (!deflated || fileType(name) !== 'zip') return
    this.#endNested()
    this.#limits.nested += 1
    if (this.#limits.nested > NESTED_ARCHIVES_MAX || !this.#budget.tryTake(NESTED_BYTES_MAX)) {
      this.#find({ kind: 'closed', name })
      return
    }
    this.#nested = { name, pieces: [], bytes: 0, before }
    this.#keep(here)
  }

  #keep(given: Uint8Array): void {
    const nested = this.#nested
    if (nested === undefined) return
    const piece = given.subarray(nested.before)
    nested.before -= given.length - piece.length
    const room = NESTED_BYTES_MAX - nested.bytes
    nested.pieces.push(Buffer.from(piece.subarray(0, room)))
    nested.bytes += Math.min(room, piece.length)
    if (piece.length >= room) this.#endNested()
  }

  #endNested(): void {
    const nested = this.#nested
    if (nested === undefined) return
    this.#nested = undefined
    this.#kept.push({ name: nested.name, bytes: Buffer.concat(nested.pieces) })
  }

  async #look(): Promise<void> {
    for (let next = this.#kept.shift(); next !== undefined; next = this.#kept.shift()) {
      const { name, bytes } = next
      try {
        const content = await inflate(bytes, {
          // It may be cut off, and something else may follow it.
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: INFLATED_BYTES_MAX,
        })
        const within = new ZipScanner((entry) => this.#visitWithin(entry))
        within.push(content)
        within.finish()
      } catch {
        this.#find({ kind: 'closed', name })
      } finally {
        this.#budget.give(NESTED_BYTES_MAX)
      }
    }
  }

  /** One archive deeper nothing is looked into. */
  #visitWithin({ name, isEncrypted, deflated }: ZipEntry): void {
    this.#limits.entries += 1
    const isOver = this.#limits.entries > ENTRIES_MAX
    const isArchive = deflated && fileType(name) === 'zip'
    if (!isOver) this.#find({ kind: 'name', name })
    if (isOver || isEncrypted || isArchive) this.#find({ kind: 'closed', name })
  }
}
