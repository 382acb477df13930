// What the conformance suites need of a driver under test, and small helpers they share.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page, Store } from '#shared/storage/ports.ts'

/** A store of its own: nothing another test wrote is in it. */
export type Opened = {
  readonly store: Store
  /** Closes the store and opens the same data again. */
  readonly reopen?: () => Promise<Store>
  readonly close: () => Promise<void>
}

export type Open = () => Promise<Opened>

export type SuiteOptions = {
  /** Fewer rounds and writers in the races, for emulators. */
  readonly slow?: boolean
}

/** A key nobody else uses. */
export function unique(prefix = 'k'): string {
  return `${prefix}-${randomUUID()}`
}

const POLL_MS = 20
const POLLS_MAX = 500

/** Reads again until the answer is as wanted or time is up; returns the last answer for the assertion. */
export async function eventually<T>(
  read: () => Promise<T> | T,
  wanted: (answer: T) => boolean,
): Promise<T> {
  let answer = await read()
  for (let polls = 0; polls < POLLS_MAX && !wanted(answer); polls += 1) {
    await delay(POLL_MS)
    answer = await read()
  }
  return answer
}

/** Every item of all pages. */
export async function allPages<T>(read: (after?: string) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let page = await read()
  items.push(...page.items)
  while (page.next !== undefined) {
    page = await read(page.next)
    items.push(...page.items)
  }
  return items
}

export function sortedByUtf8(texts: readonly string[]): string[] {
  return [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

export async function* chunksOf(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    yield bytes.subarray(offset, offset + chunkBytes)
  }
}

export async function collect(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}
