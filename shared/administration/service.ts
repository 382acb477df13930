// The service as whoever runs it sees it from afar: what runs and since when, where it listens, which certificate it shows until when, how full the
// disk is, what waits, what it takes up. What cannot be known where it runs is null, and never a guess.

import type { QueueCounts } from '#shared/queue/listing.ts'
import { type CertificateFacts, type Machine, readAround, type ServerFacts } from './status.ts'

export type ServiceFacts = {
  readonly version: string
  readonly node: string
  /** Null: elsewhere, in many processes. */
  readonly server: Pick<ServerFacts, 'pid' | 'started' | 'listeners'> | null
  readonly certificate:
    | (CertificateFacts & {
        /** Who gets the next one: the system itself, or whoever gave it this one. */
        readonly keptBy: 'acme' | 'files'
      })
    | null
  readonly disk: {
    readonly freeBytes: number
    readonly bytes: number
    readonly isReadOnly: boolean
  } | null
  readonly queue: QueueCounts
  readonly events: { readonly streams: boolean }
  /** What it takes up, as far as it is measured here. What a month has used, and what that costs, is in usage/usage.ts. */
  readonly usage: { readonly measured: readonly 'storage'[]; readonly storageBytes: number | null }
}

export interface ServiceSource {
  read(): Promise<ServiceFacts>
  /** Looks now whether a new certificate is due, and gets it; undefined: it is not ours to get. */
  readonly renewCertificate: (() => Promise<Renewal>) | undefined
}

export type Renewal =
  | { readonly kind: 'renewed' }
  /** It is good for long. */
  | { readonly kind: 'kept' }
  /** It takes longer than whoever asked waits, and goes on. */
  | { readonly kind: 'under-way' }
  /** Nothing newer yet, not usable, or the authority was not reached. */
  | { readonly kind: 'failed'; readonly reason: string }

export function createServiceSource(deps: {
  readonly version: string
  readonly machine: Machine | undefined
  readonly operator: { count(): Promise<QueueCounts> }
  readonly streams: boolean
  readonly isAcme: () => boolean
  readonly renewCertificate: ServiceSource['renewCertificate']
}): ServiceSource {
  const { version, machine, operator, streams, isAcme, renewCertificate } = deps
  return {
    async read() {
      const [queue, around] = await Promise.all([operator.count(), machine && readAround(machine)])
      const { server, disk, certificate } = { ...around }
      return {
        version,
        node: process.versions.node,
        server: server
          ? { pid: server.pid, started: server.started, listeners: server.listeners }
          : null,
        certificate: certificate
          ? { ...certificate, keptBy: isAcme() ? ('acme' as const) : ('files' as const) }
          : null,
        disk: disk
          ? { freeBytes: disk.freeBytes, bytes: disk.bytes, isReadOnly: disk.isReadOnly === true }
          : null,
        queue,
        events: { streams },
        usage:
          disk === undefined
            ? { measured: [], storageBytes: null }
            : { measured: ['storage'], storageBytes: disk.bytes - disk.freeBytes },
      }
    },
    renewCertificate,
  }
}
