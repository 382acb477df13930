// A hosted zone of Route 53 as the cut-over reads and changes it, with the administrator's own credentials. A batch is done as a whole or not at
// all, and what is deleted must be as it was read.

import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53'
import type { Zone } from '#shared/administration/moving/cut-over/published.ts'
import type { RecordSet, Route53Batch } from '#shared/administration/moving/cut-over/record-set.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { requestTimeouts } from '../request-timeouts.ts'
import { answerOfFailure } from './failures.ts'

export type HostedZone = Zone & {
  /** Resolves when all its name servers have it. */
  apply(batch: Route53Batch): Promise<void>
}

/** It can be mended by whoever asked: another zone, other rights. */
export class ZoneRefused extends Error {
  override readonly name = 'ZoneRefused'
}

export type HostedZoneOptions = {
  readonly id: string
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** Another server than Amazon's, for tests. */
  readonly endpoint?: string | undefined
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Usually within a minute. */
const SYNC_MS_MAX = 300_000
/** Between two questions, the first and, grown twofold each time, the last. */
const SYNC_PAUSE_MS = { first: 250, max: 5_000 } as const

export function openHostedZone({
  id,
  clock,
  endpoint,
  credentials,
}: HostedZoneOptions): HostedZone {
  const client = new Route53Client({
    // Of no region; the SDK wants one to sign with.
    region: 'us-east-1',
    requestHandler: requestTimeouts,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  })

  return {
    async read(name, type): Promise<RecordSet> {
      const request = new ListResourceRecordSetsCommand({
        HostedZoneId: id,
        StartRecordName: `${name}.`,
        StartRecordType: type,
        MaxItems: 1,
      })
      const { ResourceRecordSets = [] } = await calling('ListResourceRecordSets', () =>
        client.send(request),
      )
      const [found] = ResourceRecordSets
      // It begins there, and goes on with what comes next where there is none.
      const isIt = found?.Type === type && plainName(found.Name ?? '') === name.toLowerCase()
      const records = isIt ? (found.ResourceRecords ?? []) : []
      return {
        ...{ name, type },
        ttlSeconds: isIt ? (found.TTL ?? null) : null,
        data: records.flatMap(({ Value }) => Value ?? []),
      }
    },

    async apply(ChangeBatch) {
      const { Changes } = ChangeBatch
      const request = new ChangeResourceRecordSetsCommand({
        HostedZoneId: id,
        ChangeBatch: { ...ChangeBatch, Changes: [...Changes] },
      })
      const { ChangeInfo } = await calling('ChangeResourceRecordSets', () => client.send(request))
      const deadline = clock.now() + SYNC_MS_MAX
      let pauseMs: number = SYNC_PAUSE_MS.first
      for (let status = ChangeInfo?.Status; status !== 'INSYNC'; ) {
        if (clock.now() >= deadline) {
          throw new TemporaryFailure(
            `the change is not everywhere after ${SYNC_MS_MAX / 1_000} s; look again later`,
          )
        }
        await clock.sleep(pauseMs)
        pauseMs = Math.min(2 * pauseMs, SYNC_PAUSE_MS.max)
        const asked = new GetChangeCommand({ Id: ChangeInfo?.Id })
        status = (await calling('GetChange', () => client.send(asked))).ChangeInfo?.Status
      }
    },
  }
}

async function calling<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const { kind, why } = answerOfFailure(operation, error)
    const name = error instanceof Error ? error.name : ''
    throw new ZoneRefused(
      kind === 'missing' ? why : `Route 53 refuses ${operation}: ${name}: ${why}`,
    )
  }
}

/** Route 53 writes what is no letter of a host name as \052. */
const plainName = (name: string) =>
  name
    .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replace(/\.$/, '')
    .toLowerCase()
