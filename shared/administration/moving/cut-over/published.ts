// What is published of a name now: by the zone itself where it is ours to ask (Route 53), by the name servers of the zone, or by whoever resolves
// names for this machine.

import type { AskAuthority } from '#shared/dns/authority.ts'
import type { ReadRecords } from '../../dns/published.ts'
import {
  type RecordChange,
  type RecordSet,
  type RecordType,
  setOf,
  valuesOf,
} from './record-set.ts'

/** A zone that can be changed. */
export interface Zone {
  read(name: string, type: RecordType): Promise<RecordSet>
}

export type Published = {
  readonly set: RecordSet
  /** Of each server that was asked. */
  readonly told: readonly (readonly string[])[]
  /** Undefined: all of it is known. */
  readonly unknown: string | undefined
}

export type PublishedSources = {
  readonly readRecords: ReadRecords
  readonly askAuthority: AskAuthority
  readonly zone: Pick<Zone, 'read'> | undefined
}

export async function readPublished(
  name: string,
  type: RecordType,
  sources: PublishedSources,
): Promise<Published> {
  const { zone } = sources
  if (zone !== undefined) {
    const set = await zone.read(name, type)
    return {
      set,
      told: [await orAddresses(valuesOf(set), name, type, sources)],
      unknown: undefined,
    }
  }
  return (
    (await byAuthority(name, type, sources)) ?? (await byResolver(name, type, sources.readRecords))
  )
}

async function byAuthority(
  name: string,
  type: RecordType,
  sources: PublishedSources,
): Promise<Published | undefined> {
  if (type !== 'MX' && type !== 'TXT' && type !== 'CNAME') return undefined
  const answer = await sources.askAuthority(name, type)
  if (answer.kind !== 'told') return undefined
  const { servers } = answer
  const ttls = servers.flatMap(({ ttlSeconds }) => ttlSeconds ?? [])
  const [first = []] = servers.map(({ records }) => records)
  const told = await Promise.all(
    servers.map(({ records }) => orAddresses(records, name, type, sources)),
  )
  const ttlSeconds = ttls.length === 0 ? null : Math.max(...ttls)
  return { set: setOf({ name, type }, first, ttlSeconds), told, unknown: undefined }
}

async function byResolver(
  name: string,
  type: RecordType,
  readRecords: ReadRecords,
): Promise<Published> {
  const none = setOf({ name, type }, [], null)
  const answer = await readRecords(name, type)
  if (answer.kind === 'failure') return { set: none, told: [], unknown: answer.reason }
  const records = answer.kind === 'found' ? answer.records : []
  const told = [await orAddresses(records, name, type, { readRecords })]
  return { set: setOf({ name, type }, records, null), told, unknown: undefined }
}

/** Where no other name stands for a name, its own addresses do. */
async function orAddresses(
  records: readonly string[],
  name: string,
  type: RecordType,
  { readRecords }: Pick<PublishedSources, 'readRecords'>,
): Promise<readonly string[]> {
  if (type !== 'CNAME' || records.length > 0) return records
  for (const family of ['A', 'AAAA'] as const) {
    const answer = await readRecords(name, family)
    if (answer.kind === 'found') return answer.records
  }
  return []
}

export type ChangeState = 'done' | 'not-yet' | { readonly unknown: string }

export function changeState({ is, ttl }: RecordChange, published: Published): ChangeState {
  const { unknown, told, set } = published
  if (unknown !== undefined) return { unknown }
  if (!told.every(is)) return 'not-yet'
  if (ttl === undefined) return 'done'
  if (set.ttlSeconds === null) return { unknown: 'how long others keep it is not known' }
  const isSo = 'atMost' in ttl ? set.ttlSeconds <= ttl.atMost : set.ttlSeconds >= ttl.atLeast
  return isSo ? 'done' : 'not-yet'
}
