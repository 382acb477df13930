// What mail programs may use here: each listener that is enabled, at the host and the port that the world knows. Everything that tells
// programs how to set themselves up (documents, profiles, records of the DNS) is made of this, so that nothing is told that is not served.

import type { ClientService, SeenPort } from '#shared/settings/client-setup-kinds.ts'

export type ClientSetupSettings = {
  readonly hostname: string
  readonly clientSetup: boolean
  /** '': `hostname`. */
  readonly clientSetupHost: string
  /** '': `clientSetupHost`. */
  readonly clientSetupSite: string
  readonly clientSetupPorts: readonly SeenPort[]
  readonly clientSetupName: string
  readonly clientSetupDocumentation: string
  readonly oidcIssuer: string
  readonly oidcScopes: readonly string[]
  readonly listeners: {
    readonly [name in ClientService]: { readonly enabled: boolean; readonly port: number }
  }
}

export type MailService = {
  readonly protocol: 'imap' | 'pop3' | 'smtp'
  readonly host: string
  readonly port: number
  /** `tls`: from the first byte, which is better (RFC 8314 §3). */
  readonly security: 'tls' | 'starttls'
}

// A high port by default is one that the usual port leads to.
const ports = {
  submissions: { high: 2465, usual: 465 },
  submission: { high: 2587, usual: 587 },
  imaps: { high: 1993, usual: 993 },
  imap: { high: 1143, usual: 143 },
  pop3s: { high: 1995, usual: 995 },
  pop3: { high: 1110, usual: 110 },
  managesieve: { high: 4190, usual: 4190 },
  https: { high: 8443, usual: 443 },
} as const satisfies { readonly [name in ClientService]: object }

export const usualPort = (service: ClientService): number => ports[service].usual

export function seenPort(
  service: ClientService,
  { clientSetupPorts, listeners }: Pick<ClientSetupSettings, 'clientSetupPorts' | 'listeners'>,
): number {
  const seen = clientSetupPorts.find((one) => one.service === service)
  if (seen !== undefined) return seen.port
  const { high, usual } = ports[service]
  const { port } = listeners[service]
  return port === high ? usual : port
}

export const setupHost = ({
  clientSetupHost,
  hostname,
}: Pick<ClientSetupSettings, 'clientSetupHost' | 'hostname'>) => clientSetupHost || hostname

/** Where documents and console are served. */
export const siteHost = (settings: ClientSetupSettings) =>
  settings.clientSetupSite || setupHost(settings)

/** The same as the beginning of an address. */
export function siteOrigin(settings: ClientSetupSettings): string {
  const port = seenPort('https', settings)
  return `https://${siteHost(settings)}${port === usualPort('https') ? '' : `:${port}`}`
}

// In the order in which programs are to take them.
const services = [
  ['imaps', 'imap', 'tls'],
  ['imap', 'imap', 'starttls'],
  ['pop3s', 'pop3', 'tls'],
  ['pop3', 'pop3', 'starttls'],
  ['submissions', 'smtp', 'tls'],
  ['submission', 'smtp', 'starttls'],
] as const

export function offeredServices(settings: ClientSetupSettings): readonly MailService[] {
  return services.flatMap(([service, protocol, security]) =>
    settings.listeners[service].enabled
      ? [{ protocol, host: setupHost(settings), port: seenPort(service, settings), security }]
      : [],
  )
}

/** Of each protocol the best. */
export function bestServices(settings: ClientSetupSettings): readonly MailService[] {
  const all = offeredServices(settings)
  return all.filter(
    ({ protocol }, at) => all.findIndex((other) => other.protocol === protocol) === at,
  )
}

/** Names of a domain under which programs ask for documents, `autoconfig.example.org`. */
export const documentHosts = ['autoconfig', 'autodiscover', 'ua-auto-config'] as const
export const documentHost = (which: (typeof documentHosts)[number], domain: string) =>
  `${which}.${domain}`

export const AUTOCONFIG_PATH = '/mail/config-v1.1.xml'
export const AUTODISCOVER_PATH = '/autodiscover/autodiscover.xml'
export const AUTODISCOVER_JSON_PATH = '/autodiscover/autodiscover.json'
export const USER_AGENT_PATH = '/.well-known/user-agent-configuration.json'

/** Of a one-time link, with its secret. */
export const profilePath = (secret: string) => `/setup/${secret}.mobileconfig`
