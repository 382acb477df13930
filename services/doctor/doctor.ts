// doctor: measures what a mail host needs to be a good one, and says of each thing what to do next. Called by `postwolke doctor`. Nothing is
// changed, and nothing is sent but questions.

import { isIP } from 'node:net'
import type { ClientSetupSettings } from '#shared/administration/client-setup/offered.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import { stsHost } from '#shared/administration/dns/sts-policy.ts'
import { formatNextHop, type NextHop, SMTP_PORT } from '#shared/mail/next-hop.ts'
import type { Settings } from '#shared/settings/table.ts'
import { reserveBytesOf } from '#shared/storage/embedded/disk-space.ts'
import { checkCertificate } from './certificate.ts'
import { checkClientSetup } from './client-setup.ts'
import { checkPolicyHost, judgeRecords } from './domain.ts'
import { type Finding, measured } from './finding.ts'
import { addressesOf, checkReverse, isPublic, judgeName, recordsOf } from './own-name.ts'
import { checkInbound, checkOutbound, checkRelay } from './ports.ts'
import { checkSettings } from './settings.ts'
import {
  blockLists,
  checkClock,
  checkDisk,
  checkListing,
  checkQueue,
  checkResolver,
  checkServer,
} from './surroundings.ts'
import type { DoctorWorld } from './world.ts'

export type DoctorSettings = Pick<
  Settings,
  | 'hostname'
  | 'mynetworks'
  | 'relayhost'
  | 'queueMinfree'
  | 'messageSizeLimit'
  | 'mtaStsMode'
  | 'listeners'
> &
  ClientSetupSettings

export type DoctorDeps = {
  readonly world: DoctorWorld
  readonly settings: DoctorSettings
  /** Of the domains that are looked at, with what is published. */
  readonly domains: readonly DomainRecords[]
  /** A mail host of somebody else, whose port 25 shows whether ours goes out. */
  readonly outboundHost: string
  /** The data folder is here: otherwise server, disk and certificate are elsewhere. */
  readonly isHere: boolean
}

/** Addresses of one name that are looked at. */
const ADDRESSES_MAX = 4

/** In the order in which one mends things; all is asked at the same time. */
export async function* diagnose(deps: DoctorDeps): AsyncGenerator<Finding> {
  for (const findings of begin(deps)) yield* await findings
}

type Begun = Promise<readonly Finding[]>

/** None of them rejects. */
function begin(deps: DoctorDeps): readonly Begun[] {
  const { world, settings, domains, isHere } = deps
  const { hostname, relayhost, mtaStsMode, listeners } = settings
  const outName = relayhost === null ? deps.outboundHost : formatNextHop(relayhost)
  const policyHosts =
    mtaStsMode === 'off' || !listeners.https.enabled
      ? []
      : domains.map(({ domain }) => stsHost(domain))
  const here = (...checks: readonly (() => Begun)[]) => (isHere ? checks.map((run) => run()) : [])
  return [
    ...here(
      () => measured('server', '', () => checkServer(world)),
      () => measured('disk', '', () => checkDisk(world, reserveBytesOf(settings))),
    ),
    measured('queue', '', () => checkQueue(world)),
    measured('settings', '', () => checkSettings(world)),
    measured('clock', '', () => checkClock(world)),
    measured('name server', 'DNSSEC', () => checkResolver(world)),
    measured('name', hostname, () => checkName(world, hostname)),
    measured('port out', outName, () => checkWayOut(deps)),
    ...here(() => measured('open relay', '', () => checkOwnListener(world, settings))),
    measured('certificate', hostname, () => checkCertificate(world, [hostname, ...policyHosts])),
    ...domains.flatMap((domain) => [
      Promise.resolve(judgeRecords(domain)),
      measured('mta-sts', domain.domain, () => checkPolicyHost(world, domain)),
      measured('clients', domain.domain, () => checkClientSetup(world, domain, settings)),
    ]),
  ]
}

/** Our name, and all of its addresses that others see. */
async function checkName(world: DoctorWorld, hostname: string): Begun {
  const addresses = (await addressesOf(world, hostname)).slice(0, ADDRESSES_MAX)
  const ofAddresses = addresses
    .filter(isPublic)
    .flatMap((address) => [
      measured('reverse', address, () => checkReverse(world, hostname, address)),
      measured('port 25 in', address, () => checkInbound(world, hostname, address)),
      ...blockLists.map((list) =>
        measured('listed', `${address} in ${list}`, () => checkListing(world, list, address)),
      ),
    ])
  return [...judgeName(hostname, addresses), ...(await Promise.all(ofAddresses)).flat()]
}

async function checkWayOut({ world, settings, outboundHost }: DoctorDeps): Begun {
  const { relayhost, hostname } = settings
  const out = relayhost ?? { host: outboundHost, port: SMTP_PORT, lookUpMx: false }
  const host = await hostOf(world, out)
  const [address] = isIP(host) === 0 ? await addressesOf(world, host) : [host]
  if (address === undefined) throw new Error(`${host} has no address`)
  return await checkOutbound(world, { host: address, port: out.port }, hostname)
}

/** The first of its mail hosts, where a domain is meant. */
async function hostOf(world: DoctorWorld, { host, lookUpMx }: NextHop): Promise<string> {
  if (!lookUpMx) return host
  const [first] = recordsOf(await world.readRecords(host, 'MX')).toSorted(byPreference)
  return first?.split(' ')[1] ?? host
}

async function checkOwnListener(world: DoctorWorld, settings: DoctorSettings): Begun {
  const listener = (await world.server())?.listeners.find(({ name }) => name === 'smtp')
  if (listener === undefined) throw new Error('nobody listens')
  const host = LISTENS_EVERYWHERE.has(listener.address) ? '127.0.0.1' : listener.address
  return await checkRelay(world, { host, port: listener.port }, settings)
}

const byPreference = (one: string, other: string) =>
  Number.parseInt(one, 10) - Number.parseInt(other, 10)

const LISTENS_EVERYWHERE: ReadonlySet<string> = new Set(['', '::', '0.0.0.0'])
