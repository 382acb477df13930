// The doctor on a store, for the command line and for the job that a console asks for.

import { readFile } from 'node:fs/promises'
import { diagnose } from '#services/doctor/doctor.ts'
import type { Finding } from '#services/doctor/finding.ts'
import { openWorld } from '#services/doctor/real-world.ts'
import type { Administration } from '#shared/administration/administration.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import type { Machine } from '#shared/administration/status.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { createSettingStore } from '#shared/directory/stored-settings.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { formatOrigin, formatProblem } from '#shared/settings/problems.ts'
import { valueAt } from '#shared/settings/setting.ts'
import { loadTolerantly } from '#shared/settings/stored.ts'
import { settingsByPath } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { openRecordReader } from './dns.ts'
import { OUTBOUND_HOST, TIME_SERVER } from './doctor-hosts.ts'
import { rehearseRecipient } from './rehearsal.ts'

/** Without a name all domains are looked at, up to so many. */
export const DOCTOR_DOMAINS_MAX = 20

export type DoctorParts = {
  /** Undefined: the system runs elsewhere. */
  readonly machine: Machine | undefined
  readonly domains: readonly DomainRecords[]
  /** Absent: the one that the server says it shows. */
  readonly certificateFile?: () => string
  readonly outboundHost?: string
  readonly timeServer?: string
}

export function assembleDoctor(
  backend: Backend,
  {
    machine,
    domains,
    certificateFile,
    outboundHost = OUTBOUND_HOST,
    timeServer = TIME_SERVER,
  }: DoctorParts,
): AsyncIterable<Finding> {
  const { settings, operator, clock } = backend
  async function certificate(): Promise<string | undefined> {
    const file = certificateFile?.() ?? (await machine?.server())?.certificateFile ?? ''
    if (machine === undefined || file === '') return undefined
    return await readFile(file, 'utf8').catch(() => undefined)
  }
  const world = openWorld({
    readRecords: openRecordReader(settings),
    askedByStranger: ({ sender, recipient }) =>
      rehearseRecipient(backend, {
        ...{ queueId: newQueueId(clock.now()), origin: stranger, sender, recipient },
        ...{ declaredBytes: 0, recipientsSoFar: 0, finalRecipientsSoFar: 0 },
      }),
    nameServers: settings.dnsServers,
    changedSettings: () => changedSettings(backend),
    ...{ timeServer, machine, certificate, operator, clock },
  })
  return diagnose({ world, settings, domains, outboundHost, isHere: machine !== undefined })
}

async function changedSettings({ store, clock, loadSettings }: Backend) {
  if (loadSettings === undefined) return { inForce: [], unused: [] }
  const { signals } = store
  const stored = await createSettingStore({ table: store.tables.directory, signals, clock }).read()
  const tolerant = await loadTolerantly(loadSettings, stored)
  if (tolerant.kind !== 'ok') throw new Error(tolerant.problems.map(formatProblem).join('; '))
  const { loaded, dropped } = tolerant
  const unusable = new Set(dropped.map(({ path }) => path))
  const kept = Object.keys(stored).filter((path) => !unusable.has(path))
  const counts = (path: string) => loaded.origin(path).kind === 'stored'
  return {
    inForce: kept.filter(counts).map((path) => ({
      path,
      value: settingsByPath.get(path)?.kind.format(valueAt(loaded.settings, path)) ?? '',
    })),
    unused: [
      ...dropped,
      ...kept
        .filter((path) => !counts(path))
        .map((path) => ({
          path,
          reason: `${formatOrigin(loaded.origin(path))} has the last word`,
        })),
    ],
  }
}

/** With what is published of them; one that is removed meanwhile is left out. */
export async function doctorDomains(
  administration: Pick<Administration, 'domains' | 'dns'>,
): Promise<readonly DomainRecords[]> {
  const page = await administration.domains.page({ limit: DOCTOR_DOMAINS_MAX })
  if (page.kind !== 'page') return []
  const all = await Promise.all(
    page.items.map(({ domain }) => administration.dns.records({ domain, check: true })),
  )
  return all.filter((found) => found.kind === 'records')
}

/** RFC 5737 §3: an address that nobody has. */
const stranger: Origin = {
  listener: 'smtp',
  remoteAddress: '192.0.2.1',
  remotePort: 0,
  helo: 'example.org',
  tls: null,
  account: null,
}
