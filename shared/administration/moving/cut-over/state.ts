// How far the cut-over of a domain is, kept in `counters`: MOVING#cut-over / <domain>.

import {
  listIn,
  memberOf,
  numberIn,
  textIn,
  textsIn,
  wordIn,
} from '#shared/moving/workmail/json.ts'
import { ConditionFailed, StorageMisuse, type Table } from '#shared/storage/ports.ts'
import type { RecordSet } from './record-set.ts'
import { type StepId, stepIds } from './steps.ts'

export type CutOverState = {
  readonly domain: string
  readonly begunMs: number
  /** How long others keep the records of before. */
  readonly oldTtlSeconds: number
  readonly isTtlMeasured: boolean
  /** Of Route 53; null: the zone is changed by hand. */
  readonly zoneId: string | null
  readonly old: readonly { readonly name: string; readonly type: 'CNAME' | 'TXT' }[]
  readonly done: readonly DoneStep[]
  /** What was there before the step that is worked on. */
  readonly keeping: readonly RecordSet[]
}
export type DoneStep = {
  readonly id: StepId
  readonly atMs: number
  /** What was there before. */
  readonly kept: readonly RecordSet[]
}

export type Stored = { readonly state: CutOverState; readonly revision: number }

export interface CutOverStates {
  get(domain: string): Promise<Stored | undefined>
  /** False: somebody else has changed it meanwhile. `before`: undefined for a new one. */
  put(state: CutOverState, before: Stored | undefined): Promise<boolean>
  remove(domain: string): Promise<void>
}

/** Since its last step. WorkMail has gone long before. */
export const CUT_OVER_KEPT_SECONDS = 400 * 86_400

const PK = 'MOVING#cut-over'
/** Of what is stored of one. */
const VERSION = 1

export function cutOverStates(
  table: Pick<Table, 'get' | 'write'>,
  clock: { now(): number },
): CutOverStates {
  return {
    async get(domain) {
      const item = await table.get({ pk: PK, sk: domain }, { consistent: true })
      if (item === undefined) return undefined
      if (Number(item.version) > VERSION) {
        throw new StorageMisuse(
          `the cut-over of ${domain} was begun by a newer version of this program`,
        )
      }
      const state = parseState(domain, JSON.parse(String(item.state)))
      return { state, revision: Number(item.revision) }
    },

    async put(state, before) {
      const { domain, ...rest } = state
      const ttl = Math.floor(clock.now() / 1_000) + CUT_OVER_KEPT_SECONDS
      const revision = (before?.revision ?? 0) + 1
      try {
        await table.write({
          put: { pk: PK, sk: domain, version: VERSION, state: JSON.stringify(rest), revision, ttl },
          if:
            before === undefined
              ? { not: { exists: 'pk' } }
              : { attribute: 'revision', is: '=', value: before.revision },
        })
        return true
      } catch (error) {
        if (error instanceof ConditionFailed) return false
        throw error
      }
    },

    async remove(domain) {
      await table.write({ delete: { pk: PK, sk: domain } })
    },
  }
}

function parseState(domain: string, value: unknown): CutOverState {
  return {
    domain,
    begunMs: numberIn(value, 'begunMs') ?? 0,
    oldTtlSeconds: numberIn(value, 'oldTtlSeconds') ?? 0,
    isTtlMeasured: memberOf(value, 'isTtlMeasured') === true,
    zoneId: textIn(value, 'zoneId') ?? null,
    old: listIn(value, 'old').flatMap((one) => {
      const name = textIn(one, 'name')
      const type = wordIn(one, 'type', ['CNAME', 'TXT'])
      return name === undefined || type === undefined ? [] : [{ name, type }]
    }),
    done: listIn(value, 'done').flatMap((one) => {
      const id = wordIn(one, 'id', stepIds)
      const atMs = numberIn(one, 'atMs')
      return id === undefined || atMs === undefined ? [] : [{ id, atMs, kept: setsIn(one, 'kept') }]
    }),
    keeping: setsIn(value, 'keeping'),
  }
}

function setsIn(value: unknown, member: string): readonly RecordSet[] {
  return listIn(value, member).flatMap((one) => {
    const name = textIn(one, 'name')
    const type = wordIn(one, 'type', ['MX', 'TXT', 'CNAME', 'SRV', 'TLSA'])
    if (name === undefined || type === undefined) return []
    return [
      { name, type, ttlSeconds: numberIn(one, 'ttlSeconds') ?? null, data: textsIn(one, 'data') },
    ]
  })
}
