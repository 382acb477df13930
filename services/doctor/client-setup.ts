// What mail programs find that set themselves up: asked as they ask, with certificates that everybody trusts.

import {
  AUTOCONFIG_PATH,
  AUTODISCOVER_JSON_PATH,
  type ClientSetupSettings,
  documentHost,
  setupHost,
  USER_AGENT_PATH,
} from '#shared/administration/client-setup/offered.ts'
import { userAgentConfiguration } from '#shared/administration/client-setup/user-agent-configuration.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

type Got = Awaited<ReturnType<DoctorWorld['get']>>

type Asked = {
  readonly host: string
  readonly path: string
  /** Undefined: it is as it should be. */
  readonly judge: (answer: Got) => string | undefined
}

/** Names that lead nowhere are told by their records; here are those that lead somewhere. */
export async function checkClientSetup(
  world: Pick<DoctorWorld, 'get'>,
  { domain, records }: Pick<DomainRecords, 'domain' | 'records'>,
  settings: ClientSetupSettings,
): Promise<readonly Finding[]> {
  if (!settings.clientSetup) return []
  const published = new Set(
    records.flatMap((record) => (record.published?.kind === 'met' ? [record.name] : [])),
  )
  const asked = documentsOf(domain, settings).filter(({ host }) => published.has(host))
  return await Promise.all(asked.map((one) => check(world, one)))
}

async function check(
  world: Pick<DoctorWorld, 'get'>,
  { host, path, judge }: Asked,
): Promise<Finding> {
  const about = { check: 'clients', of: `https://${host}${path}` } as const
  const next = `listeners.https has to be reached as ${host}, at 443, with a certificate of this name`
  let answer: Got
  try {
    answer = await world.get(about.of)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return { ...about, state: 'warn', found, next }
  }
  if (answer.status !== 200) {
    return { ...about, state: 'warn', found: `answers ${answer.status}`, next }
  }
  const wrong = judge(answer)
  return wrong === undefined
    ? { ...about, state: 'ok', found: 'tells programs what to do' }
    : { ...about, state: 'warn', found: wrong, next: 'see what answers there in place of us' }
}

function documentsOf(domain: string, settings: ClientSetupSettings): readonly Asked[] {
  // Whom everybody has to have, and nobody finds out anything about.
  const address = `postmaster@${domain}`
  return [
    {
      host: documentHost('autoconfig', domain),
      path: `${AUTOCONFIG_PATH}?emailaddress=${encodeURIComponent(address)}`,
      judge: ({ type, body }) =>
        /^(?:text|application)\/xml\b/.test(type) &&
        body.includes('<clientConfig ') &&
        body.includes(`<hostname>${setupHost(settings)}</hostname>`)
          ? undefined
          : 'is not our autoconfig',
    },
    {
      host: documentHost('autodiscover', domain),
      path: `${AUTODISCOVER_JSON_PATH}?Email=${encodeURIComponent(address)}&Protocol=AutodiscoverV1`,
      judge: ({ body }) =>
        jsonOf(body, 'Protocol') === 'AutodiscoverV1' ? undefined : 'is not our autodiscover',
    },
    {
      host: documentHost('ua-auto-config', domain),
      path: USER_AGENT_PATH,
      judge: ({ body }) =>
        body === userAgentConfiguration(domain, settings)
          ? undefined
          : 'is another document than the one whose digest the DNS has',
    },
  ]
}

function jsonOf(body: string, member: string): unknown {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined
  } catch {
    return undefined
  }
}
