// Every kind of item that the code writes has a row that says whether it moves.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  doesMove,
  keyRows,
  leaseEndMs,
  objectOf,
  rowOf,
} from '#shared/moving/replication/what-moves.ts'

const root = fileURLToPath(new URL('../../../../..', import.meta.url))

/** A text in a line that is about partition keys, up to where it is filled in: `SENT#${id}`, 'DOMAINS'. */
const PARTITION =
  /(?:\bpk\b|[a-z]Pk\b|PK\b|Partition\b|partitionOf|pkOf|PREFIX|named = |key = \{|Pk =)/
const TEXT = /['`]([A-Z](?:[A-Z-]*)(?:#[A-Za-z-]*)*#?)(?=\$|['`])/g

/** Sort keys and keys of indexes, which stand in the same lines. */
const others: readonly string[] = [
  ...['PROFILE', 'FACTORS', 'FIRST', 'SECRETS', 'STATE', 'VERSION', 'ACCOUNT', 'KEYS', 'SITE'],
  ...['CATALOGUE', 'META', 'FORMAT', 'MOVE', 'JOB', 'ANSWER', 'LEASE', 'USAGE', 'INDEX'],
  ...['ROW#', 'KIND#', 'TOKEN#', 'RECOVERY', 'K#', 'L#', 'L@', 'G#', 'S#', 'X#', 'N#', 'M#', 'U#'],
  ...['C#', 'E#', 'T', 'E', 'O', 'A', 'I', 'D', 'OR', 'AND'],
  // Partitions of indexes.
  ...['DEAD', 'DUE#', 'HELD'],
]

function partitionsOf(file: string): readonly string[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  return lines.flatMap((line, i) => {
    // What a function of a key gives stands in the line below it at times.
    const about = `${lines[i - 1] ?? ''} ${line}`
    if (!PARTITION.test(about) || /^\s*(?:\/\/|\*)/.test(line)) return []
    return [...line.matchAll(TEXT)].flatMap(([, text]) => text ?? [])
  })
}

describe('what moves', () => {
  it('has a row for every partition key in the code', () => {
    const files = globSync('{shared,services}/**/*.ts', { cwd: root }).filter(
      (file) =>
        !file.startsWith('services/console/') &&
        !file.startsWith('shared/moving/') &&
        !file.startsWith('services/cli/') &&
        /storage\/(?:ports|move-mark|aws\/)|\bTable\b|\bKey\b|_PK\b|counters/.test(
          readFileSync(join(root, file), 'utf8'),
        ),
    )
    const all = new Set(files.flatMap(partitionsOf).filter((text) => !others.includes(text)))
    const known = Object.values(keyRows)
      .flat()
      .map(({ pk }) => pk)
    const unknown = [...all].filter(
      (text) => !known.some((pk) => text === pk || (pk.endsWith('#') && text.startsWith(pk))),
    )
    expect(unknown).toEqual([])
    // None that nobody writes any more, and none that is not found.
    const isFound = (pk: string) =>
      [...all].some((text) => text === pk || (pk.endsWith('#') && text.startsWith(pk)))
    const composed = ['JOBS#'] // of JOBS_PK
    expect(known.filter((pk) => !isFound(pk))).toEqual(composed)
  })

  it('goes by the longest beginning that fits', () => {
    expect(rowOf('counters', 'FIGURES-PARTS')?.moves).toBe(false)
    expect(rowOf('counters', 'FIGURES#2026-11-30')?.moves).toBe(true)
    expect(rowOf('directory', 'ACCESS#list')?.pk).toBe('ACCESS#')
    expect(rowOf('directory', 'ACCESSES')).toBeUndefined()
  })

  it('takes what it does not know, and nothing that has expired', () => {
    expect(doesMove('counters', { pk: 'NEW#1', sk: 'x' }, 5_000)).toBe(true)
    expect(doesMove('counters', { pk: 'NEW#1', sk: 'x', ttl: 4 }, 5_000)).toBe(false)
    expect(doesMove('counters', { pk: 'NEW#1', sk: 'x', ttl: 5 }, 5_000)).toBe(true)
    expect(doesMove('mail', { pk: 'W#folder/1', sk: 'T#1' }, 5_000)).toBe(false)
    expect(doesMove('directory', { pk: 'STORE', sk: 'MOVE' }, 5_000)).toBe(false)
  })

  it('names the object of blobs and queued messages, and of none that the collector is at', () => {
    const blob = { pk: 'B#1', sk: 'META', key: 'mail/1', offset: 10, length: 5 }
    expect(objectOf('mail', blob)).toEqual({ key: 'mail/1', bytes: 15 })
    expect(objectOf('mail', { ...blob, collected: true })).toBeUndefined()
    expect(objectOf('queue', { pk: 'Q#1', sk: 'META', key: 'mail/1', length: 5 })).toEqual({
      key: 'mail/1',
      bytes: 5,
    })
    expect(objectOf('queue', { pk: 'Q#1', sk: 'META', state: 'ended' })).toBeUndefined()
    expect(objectOf('directory', { pk: 'ACC#1', sk: 'PROFILE', key: 'x' })).toBeUndefined()
  })

  it('sees leases of tasks and groups', () => {
    expect(leaseEndMs('mail', { pk: 'T#1', sk: 'LEASE', untilMs: 7 })).toBe(7)
    expect(leaseEndMs('queue', { pk: 'Q#1', sk: 'G#0', leaseUntilMs: 8 })).toBe(8)
    expect(leaseEndMs('counters', { pk: 'JOB#1', sk: 'JOB', leaseUntilMs: 8 })).toBe(0)
  })
})
