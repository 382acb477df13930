// Certificates by ACME on one machine: which names, by which challenge, and who serves what the authority asks for.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDnsHook } from '#services/certificates/acme/dns-hook.ts'
import { createDnsUpdates, parseUpdateKey } from '#services/certificates/acme/dns-update.ts'
import { createHttpChallenges } from '#services/certificates/acme/http-challenges.ts'
import { httpsSender } from '#services/certificates/acme/https.ts'
import { AcmeIssuer } from '#services/certificates/acme/issuer.ts'
import { byDns, type ChallengeSolver } from '#services/certificates/acme/solver.ts'
import { createTlsChallenges } from '#services/certificates/acme/tls-challenges.ts'
import { renewCertificate } from '#services/certificates/agent.ts'
import { keepCertificate, openCertificateFolder, writePair } from '#services/certificates/keeper.ts'
import { documentHost, documentHosts } from '#shared/administration/client-setup/offered.ts'
import { stsHost } from '#shared/administration/dns/sts-policy.ts'
import type { WebHandler } from '#shared/contracts/web.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import { openResolver } from './dns.ts'
import { explained, StartFailure } from './start-failure.ts'

/** Let's Encrypt takes no more names in one certificate. */
export const NAMES_MAX = 100
/** Of every domain, where clients and servers look for us. */
const perDomain: readonly ((domain: string) => string)[] = [
  stsHost,
  ...documentHosts.map((which) => (domain: string) => documentHost(which, domain)),
]
/** Listeners open meanwhile. */
const FIRST_LOOK_MS = 2_000

export type OpenAcme = {
  /** Where certificate and key are, for whoever serves TLS. */
  readonly files: { readonly certificateFile: string; readonly keyFile: string }
  /** For plain HTTP; answers nothing unless something is to be proved by it. */
  readonly handler: WebHandler | undefined
  /** For connections to HTTPS of which nothing was read; undefined: they need not be looked at. */
  readonly take: ReturnType<typeof createTlsChallenges>['take'] | undefined
  /** Begins to look. `reload`: what makes a new pair known to the listeners. */
  start(backend: Backend, reload: () => Promise<void>): { stop(): Promise<void> }
}

/** Undefined where no authority is named. Rejects with a StartFailure where what it needs is not there. */
export async function openAcme(
  directory: string,
  settings: Settings,
  clock: Clock,
): Promise<OpenAcme | undefined> {
  if (settings.acmeDirectory === '') return undefined
  const http = settings.acmeChallenge === 'http-01' ? createHttpChallenges() : undefined
  const tls = settings.acmeChallenge === 'tls-alpn-01' ? createTlsChallenges({ clock }) : undefined
  const solver = http ?? tls ?? byDns(await dnsChallenges(settings, clock))
  const { acmeTrustedFile } = settings
  const trusted =
    acmeTrustedFile === ''
      ? undefined
      : await explained('cannot read acmeTrustedFile', readFile(acmeTrustedFile, 'utf8'))
  let reload = async () => {}
  const folder = await openCertificateFolder(join(directory, 'acme'), () => reload())
  // Listeners open with one signed by ourselves, and take the real one when it comes.
  if ((await folder.store.read()) === undefined) {
    await writePair(folder, makeSelfSigned(settings.hostname, new Date(clock.now())))
  }
  const { certificateFile, keyFile } = folder
  return {
    files: { certificateFile, keyFile },
    handler: http?.handler,
    take: tls?.take,
    start(backend, reloadPair) {
      reload = reloadPair
      return start(backend, { solver, trusted, folder })
    },
  }
}

function start(
  backend: Backend,
  parts: {
    readonly solver: ChallengeSolver
    readonly trusted: string | undefined
    readonly folder: Awaited<ReturnType<typeof openCertificateFolder>>
  },
) {
  const { settings, clock } = backend
  const { hostname, acmeDirectory, acmeContact } = settings
  const log = backend.log.child({ service: 'certificates' })
  const { folder, solver, trusted } = parts
  async function look() {
    // Once for each look, so that what is ordered is what is looked for.
    const names = await wantedNames(backend)
    const issuer = new AcmeIssuer({
      directoryUrl: acmeDirectory,
      names: async () => [hostname, ...names],
      contact: acmeContact,
      accountKeys: folder.accountKeys,
      solver,
      send: httpsSender(trusted),
      clock,
      log,
    })
    return await renewCertificate({ hostname, names, issuer, store: folder.store, clock, log })
  }
  return keepCertificate({ look, firstMs: FIRST_LOOK_MS, clock, random: Math.random, log })
}

async function dnsChallenges(settings: Settings, clock: Clock) {
  const { acmeHook, acmeDnsServer, acmeDnsKeyFile, acmeDnsSpread } = settings
  if (acmeHook !== '') return createDnsHook(acmeHook)
  if (acmeDnsServer === '') {
    throw new StartFailure('acmeChallenge is dns-01: set acmeHook or acmeDnsServer')
  }
  const key =
    acmeDnsKeyFile === ''
      ? undefined
      : parseUpdateKey(
          await explained('cannot read acmeDnsKeyFile', readFile(acmeDnsKeyFile, 'utf8')),
        )
  if (acmeDnsKeyFile !== '' && key === undefined) {
    throw new StartFailure('acmeDnsKeyFile has no key as tsig-keygen writes it')
  }
  return createDnsUpdates({ server: acmeDnsServer, key, clock, spreadMs: acmeDnsSpread })
}

/** Besides the host's own. */
async function wantedNames(backend: Backend): Promise<readonly string[]> {
  const { settings, directory } = backend
  const { hostname, acmeNames } = settings
  const names = new Set<string>()
  if (acmeNames !== 'auto') {
    for (const name of acmeNames.split(/[\s,]+/)) {
      const domain = parseDomain(name)
      if (domain !== undefined) names.add(domain)
    }
  } else {
    const here = await addressesOf(settings, hostname)
    for await (const { domain } of directory.domains.list()) {
      for (const nameOf of perDomain) {
        const name = nameOf(domain)
        // One name that does not lead here would fail them all.
        const there = await addressesOf(settings, name)
        if (there.length > 0 && there.every((address) => here.includes(address))) names.add(name)
        if (names.size >= NAMES_MAX) break
      }
    }
  }
  names.delete(hostname)
  return [...names].slice(0, NAMES_MAX - 1)
}

async function addressesOf(settings: Settings, name: string): Promise<readonly string[]> {
  const resolver = openResolver(settings)
  const found = await Promise.all([resolver.resolve4(name), resolver.resolve6(name)])
  return found.flatMap((answer) => (answer.kind === 'found' ? answer.records : []))
}
