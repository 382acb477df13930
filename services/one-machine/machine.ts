// The machine that a data folder is on, for whoever asks how the system is.

import { X509Certificate } from 'node:crypto'
import { access, constants, readFile, statfs } from 'node:fs/promises'
import type {
  CertificateFacts,
  DiskFacts,
  Machine,
  ServerFacts,
} from '#shared/administration/status.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { whoServes } from '#shared/storage/embedded/serving-lock.ts'

const DAY_MS = 86_400_000

export function createMachine({
  directory,
  clock,
}: {
  readonly directory: string
  readonly clock: Clock
}): Machine {
  return {
    server: async () => serverFacts(await whoServes(directory)),
    disk: () => readDisk(directory),
    certificate: ({ certificateFile }) => readCertificate(certificateFile, clock.now()),
  }
}

/** One that has just begun to start tells its name only. */
function serverFacts(holder: Awaited<ReturnType<typeof whoServes>>): ServerFacts | undefined {
  if (holder === undefined) return undefined
  const { pid, started, version, listeners, certificateFile } = {
    ...holder,
  } as Partial<ServerFacts>
  return {
    pid: Number(pid),
    started: String(started),
    version: version ?? null,
    listeners: Array.isArray(listeners) ? listeners : [],
    certificateFile: certificateFile ?? '',
  }
}

async function readDisk(directory: string): Promise<DiskFacts> {
  const { bavail, blocks, bsize } = await statfs(directory)
  const writing = access(directory, constants.W_OK)
  const isReadOnly = await writing.then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'EROFS',
  )
  return { freeBytes: bavail * bsize, bytes: blocks * bsize, ...(isReadOnly && { isReadOnly }) }
}

async function readCertificate(file: string, nowMs: number): Promise<CertificateFacts | undefined> {
  if (file === '') return undefined
  try {
    const certificate = new X509Certificate(await readFile(file))
    const names = certificate.subjectAltName ?? certificate.subject
    const expiresMs = certificate.validToDate.getTime()
    const daysLeft = Math.floor((expiresMs - nowMs) / DAY_MS)
    const { issuer } = certificate
    return { kind: 'readable', file, names, issuer, expiresMs, daysLeft }
  } catch {
    return { kind: 'unreadable', file }
  }
}
