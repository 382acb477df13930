// How the system is: what waits, who serves, how full the disk is and how long the certificate is good.

import type { QueueCounts } from '#shared/queue/listing.ts'
import type { AdministrationDeps } from './deps.ts'

export interface StatusAdministration {
  read(machine: Machine): Promise<Status>
}

/** The machine that a data folder is on. */
export interface Machine {
  /** Undefined: nobody serves the folder. */
  server(): Promise<ServerFacts | undefined>
  disk(): Promise<DiskFacts>
  /** Undefined where there is none. */
  certificate(
    server: Pick<ServerFacts, 'certificateFile' | 'hostname'>,
  ): Promise<CertificateFacts | undefined>
}

export type ServerFacts = {
  readonly pid: number
  readonly started: string
  /** Null: it has just begun to start. */
  readonly version: string | null
  readonly listeners: readonly {
    readonly name: string
    readonly address: string
    readonly port: number
  }[]
  /** '' for none. */
  readonly certificateFile: string
  /** Absent: it has just begun to start, or is of a version that does not tell. */
  readonly hostname?: string
}

export type DiskFacts = {
  readonly freeBytes: number
  readonly bytes: number
  /** Nothing can be written to the folder: the file system became read-only. */
  readonly isReadOnly?: boolean
}

export type CertificateFacts =
  | {
      readonly kind: 'readable'
      readonly file: string
      readonly names: string
      /** Its own name where it is signed by itself. */
      readonly issuer: string
      readonly expiresMs: number
      /** Whole days; negative once it has expired. */
      readonly daysLeft: number
      /** The name of the host, where it does not have that. */
      readonly missing?: string
    }
  | { readonly kind: 'unreadable'; readonly file: string }

export type Status = {
  readonly queue: QueueCounts
  readonly server: ServerFacts | undefined
  readonly disk: DiskFacts
  readonly certificate: CertificateFacts | undefined
}

export function createStatusAdministration({
  operator,
}: Pick<AdministrationDeps, 'operator'>): StatusAdministration {
  return {
    read: async (machine) => ({ queue: await operator.count(), ...(await readAround(machine)) }),
  }
}

export async function readAround(machine: Machine): Promise<Omit<Status, 'queue'>> {
  const [server, disk] = await Promise.all([machine.server(), machine.disk()])
  return { server, disk, certificate: server && (await machine.certificate(server)) }
}
