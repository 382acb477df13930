// The machine that a data folder is on, for whoever asks how the system is.

import { X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import type {
  CertificateFacts,
  DiskFacts,
  Machine,
  ServerFacts,
} from '#shared/administration/status.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { isReadOnly } from '#shared/storage/embedded/disk-space.ts'
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
    certificate: (server) => readCertificate(server, clock.now()),
  }
}

/** One that has just begun to start tells its name only. */
function serverFacts(holder: Awaited<ReturnType<typeof whoServes>>): ServerFacts | undefined {
  if (holder === undefined) return undefined
  const { pid, started, version, listeners, certificateFile, hostname } = {
    ...holder,
  } as Partial<ServerFacts>
  return {
    pid: Number(pid),
    started: String(started),
    version: version ?? null,
    listeners: Array.isArray(listeners) ? listeners : [],
    certificateFile: certificateFile ?? '',
    ...(typeof hostname === 'string' && { hostname }),
  }
}

async function readDisk(directory: string): Promise<DiskFacts> {
  const { bavail, blocks, bsize } = await statfs(directory)
  const facts = { freeBytes: bavail * bsize, bytes: blocks * bsize }
  return (await isReadOnly(directory)) ? { ...facts, isReadOnly: true } : facts
}

async function readCertificate(
  { certificateFile: file, hostname = '' }: Pick<ServerFacts, 'certificateFile' | 'hostname'>,
  nowMs: number,
): Promise<CertificateFacts | undefined> {
  if (file === '') return undefined
  try {
    const certificate = new X509Certificate(await readFile(file))
    const names = certificate.subjectAltName ?? certificate.subject
    const expiresMs = certificate.validToDate.getTime()
    const daysLeft = Math.floor((expiresMs - nowMs) / DAY_MS)
    const { issuer } = certificate
    const isFor =
      hostname === '' || certificate.checkHost(hostname, { subject: 'never' }) !== undefined
    const missing = isFor ? {} : { missing: hostname }
    return { kind: 'readable', file, names, issuer, expiresMs, daysLeft, ...missing }
  } catch {
    return { kind: 'unreadable', file }
  }
}
