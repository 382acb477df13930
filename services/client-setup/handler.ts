// What mail programs ask for to set themselves up, under whatever name they come. What is answered depends on the domain alone, which the DNS
// tells everybody, and never on whether there is such an account.
//
// Implementation notes: nothing is read from the store but whether a domain is ours; a document is made anew each time, for it is small.

import {
  AUTOCONFIG_PATH,
  AUTODISCOVER_JSON_PATH,
  AUTODISCOVER_PATH,
  type ClientSetupSettings,
  documentHosts,
  setupHost,
  siteHost,
  siteOrigin,
  USER_AGENT_PATH,
} from '#shared/administration/client-setup/offered.ts'
import { userAgentConfiguration } from '#shared/administration/client-setup/user-agent-configuration.ts'
import type { WebCaller, WebHandler } from '#shared/contracts/web.ts'
import type { Domains } from '#shared/directory/domains.ts'
import type { SetupLinks } from '#shared/identity/setup-links.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import { type Domain, parseDomain } from '#shared/mail/domain.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import type { Rates } from '#shared/rates/rates.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { autoconfigDocument } from './autoconfig.ts'
import {
  autodiscoverDocument,
  autodiscoverError,
  OUTLOOK_RESPONSE,
  readAutodiscoverRequest,
} from './autodiscover.ts'
import { mailProfile, type ProfileAccount } from './profile.ts'
import { profilePage } from './profile-page.ts'
import { readText } from './read-text.ts'
import { securityText } from './security-text.ts'
import { signData } from './signed-data.ts'

export type ClientSetupDeps = {
  readonly domains: Pick<Domains, 'get'>
  readonly links: Pick<SetupLinks, 'take'>
  readonly rates: Pick<Rates, 'take'>
  /** Undefined: profiles are not signed, because the key is elsewhere. */
  readonly certificate: (() => CertificatePair) | undefined
  readonly settings: ClientSetupSettings & {
    readonly clientSetupRequestsPerMinute: number
    readonly securityContact: string
  }
  readonly clock: Clock
}

type Asked = {
  readonly request: Request
  readonly caller: WebCaller
  readonly url: URL
}

const MINUTE_MS = 60_000
const URL_CHARACTERS_MAX = 2_048
/** A request of Outlook's has some 400 bytes. */
export const REQUEST_BYTES_MAX = 8_192

/** With the address behind it, as newer Outlooks ask. */
const JSON_V1_0 = `${AUTODISCOVER_JSON_PATH}/v1.0/`
const WELL_KNOWN_AUTOCONFIG = '/.well-known/autoconfig/mail/config-v1.1.xml'
const CHANGE_PASSWORD = '/.well-known/change-password'
const SECURITY_TEXT = '/.well-known/security.txt'
export const OPEN_PROFILE_PATH = '/mail/profile.mobileconfig'

/** Over TLS, or on this machine: answers all. */
export function createClientSetup(deps: ClientSetupDeps): WebHandler {
  const { settings, rates } = deps
  const rate = {
    name: 'client-setup',
    capacity: settings.clientSetupRequestsPerMinute,
    perMs: MINUTE_MS,
  }
  return async (request, caller) => {
    const url = new URL(request.url)
    const answer = answerOf(url, settings)
    if (answer === undefined) return undefined
    if (!rates.take(rate, clientNetwork(caller.address))) {
      return text(429, 'too many questions', { 'retry-after': '60' })
    }
    if (request.url.length > URL_CHARACTERS_MAX) return text(414, 'too long an address')
    return await answer({ request, caller, url }, deps)
  }
}

/**
 * In clear, from elsewhere: nothing is told, but where to ask over TLS, at the one name that surely has a certificate (MS-OXDSCLI §3.1.5.4 has
 * the redirection; Thunderbird follows one).
 */
export function createClientSetupRedirect({
  settings,
}: Pick<ClientSetupDeps, 'settings'>): WebHandler {
  return async ({ method, url: asked }) => {
    const url = new URL(asked)
    if (answerOf(url, settings) === undefined || !isDocument(url.pathname)) return undefined
    if (method !== 'GET') return text(403, 'this is answered over TLS alone (https)')
    const to = new URL(`${siteOrigin(settings)}${url.pathname}`)
    to.search = url.search
    const named = domainOfHost(url.hostname)
    if (addressIn(url) === undefined && named !== undefined) to.searchParams.set('domain', named)
    return new Response(null, { status: 302, headers: { location: to.href } })
  }
}

type Answer = (asked: Asked, deps: ClientSetupDeps) => Promise<Response> | Response

function answerOf(url: URL, settings: ClientSetupDeps['settings']): Answer | undefined {
  // Outlook writes it in capitals or not.
  const path = url.pathname.length > URL_CHARACTERS_MAX ? '' : url.pathname.toLowerCase()
  if (path === CHANGE_PASSWORD) return changePassword
  if (path === SECURITY_TEXT && settings.securityContact !== '') return securityContact
  if (PROFILE.test(path)) return linkedProfile
  if (!settings.clientSetup) return undefined
  return documentAt(path) ?? (isOurOwn(url.hostname, settings) ? undefined : nothing)
}

/** Under names that are for documents nothing else is served, and no console. */
function isOurOwn(hostname: string, settings: ClientSetupSettings): boolean {
  if ([siteHost(settings), setupHost(settings), settings.hostname].includes(hostname)) return true
  return !documentHosts.some((which) => hostname.startsWith(`${which}.`))
}

const isDocument = (path: string) => documentAt(path.toLowerCase()) !== undefined

const documentAt = (path: string) =>
  path.startsWith(JSON_V1_0) ? autodiscoverJson : documents.get(path)

const documents: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  [AUTOCONFIG_PATH, autoconfig],
  [WELL_KNOWN_AUTOCONFIG, autoconfig],
  [AUTODISCOVER_PATH, autodiscover],
  [AUTODISCOVER_JSON_PATH, autodiscoverJson],
  [USER_AGENT_PATH, userAgent],
  [OPEN_PROFILE_PATH, openProfile],
])

const PROFILE = /^\/setup\/([0-9a-f]{48})\.mobileconfig$/

async function autoconfig(asked: Asked, deps: ClientSetupDeps): Promise<Response> {
  if (asked.request.method !== 'GET') return onlyGet()
  const domain = await domainOf(asked.url, deps)
  if (domain === undefined) return nothing()
  return document('text/xml; charset=utf-8', autoconfigDocument(domain, deps.settings))
}

async function userAgent(asked: Asked, deps: ClientSetupDeps): Promise<Response> {
  if (asked.request.method !== 'GET') return onlyGet()
  const domain = await domainOf(asked.url, deps)
  if (domain === undefined) return nothing()
  return document('application/json', userAgentConfiguration(domain, deps.settings))
}

async function autodiscover({ request }: Asked, deps: ClientSetupDeps): Promise<Response> {
  const { settings, clock } = deps
  const xml = (body: string) => document('text/xml; charset=utf-8', body)
  const refuse = (code: 500 | 600 | 601) =>
    xml(autodiscoverError(code, { host: setupHost(settings), now: new Date(clock.now()) }))
  // Whoever only looks whether somebody is there is told so.
  if (request.method === 'GET') return refuse(600)
  if (request.method !== 'POST') return text(405, 'GET or POST', { allow: 'GET, POST' })
  const body = await readText(request, REQUEST_BYTES_MAX)
  if (body === undefined) return text(413, `at most ${REQUEST_BYTES_MAX} bytes`)
  const read = readAutodiscoverRequest(body)
  if (read === undefined) return refuse(600)
  if (read.schema !== OUTLOOK_RESPONSE) return refuse(601)
  const address = parseAddress(read.address)
  if (address === undefined) return refuse(600)
  if ((await deps.domains.get(address.domain)) === undefined) return refuse(500)
  return xml(autodiscoverDocument(formatAddress(address), settings))
}

async function autodiscoverJson({ request, url }: Asked, deps: ClientSetupDeps): Promise<Response> {
  if (request.method !== 'GET') return onlyGet()
  const protocol = parameter(url, 'protocol')
  const refuse = (status: number, code: string, message: string) =>
    document('application/json', JSON.stringify({ ErrorCode: code, ErrorMessage: message }), status)
  if (protocol === undefined) {
    const message = 'A valid value must be provided for the query parameter ‘Protocol’'
    return refuse(400, 'MandatoryParameterMissing', message)
  }
  if (protocol.toLowerCase() !== 'autodiscoverv1') {
    const message = 'The given protocol value is invalid. Supported values are ‘AutodiscoverV1’'
    return refuse(400, 'InvalidProtocol', message)
  }
  if ((await domainOf(url, deps)) === undefined) {
    return refuse(404, 'UserNotFound', 'The given address is of no domain here.')
  }
  const to = `${siteOrigin(deps.settings)}${AUTODISCOVER_PATH}`
  return document('application/json', JSON.stringify({ Protocol: 'AutodiscoverV1', Url: to }))
}

/** Without a password, which the phone asks for, and without a name. */
async function openProfile({ request, url }: Asked, deps: ClientSetupDeps): Promise<Response> {
  if (request.method !== 'GET') return onlyGet()
  const address = addressIn(url)
  if (address === undefined || (await deps.domains.get(address.domain)) === undefined) {
    return nothing()
  }
  const account = { address: formatAddress(address), displayName: '' }
  return profile({ ...account, password: undefined, scopes: undefined }, deps)
}

/** What looks at a link before a person does (HEAD, a preview, a scanner) does not use it up: the button of the page does. */
async function linkedProfile({ request, url }: Asked, deps: ClientSetupDeps): Promise<Response> {
  if (request.method === 'GET') return profilePage()
  if (request.method !== 'POST') return text(405, 'GET or POST', { allow: 'GET, HEAD, POST' })
  const [, secret = ''] = PROFILE.exec(url.pathname) ?? []
  const content = await deps.links.take(secret)
  return content === undefined
    ? text(404, 'this link was used, or is too old: make a new one')
    : profile(content, deps)
}

function profile(account: ProfileAccount, { settings, certificate, clock }: ClientSetupDeps) {
  const xml = mailProfile(account, settings)
  if (xml === undefined) return nothing()
  const bytes = Buffer.from(xml)
  const signed = certificate && signData(bytes, certificate(), new Date(clock.now()))
  return new Response(new Uint8Array(signed ?? bytes), {
    headers: {
      ...plain,
      'content-type': 'application/x-apple-aspen-config',
      'content-disposition': 'attachment; filename="mail.mobileconfig"',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    },
  })
}

/** A Well-Known URL for Changing Passwords (W3C): 302 to the page. */
function changePassword(_: Asked, { settings }: ClientSetupDeps): Response {
  const location = `${siteOrigin(settings)}/me/security`
  return new Response(null, { status: 302, headers: { location, 'cache-control': 'no-store' } })
}

function securityContact(_: Asked, { settings, clock }: ClientSetupDeps): Response {
  return document('text/plain; charset=utf-8', securityText(settings.securityContact, clock.now()))
}

/** Of the address that is asked for, else of the name that it is asked under. */
async function domainOf(url: URL, { domains }: ClientSetupDeps): Promise<Domain | undefined> {
  const domain =
    addressIn(url)?.domain ??
    parseDomain(parameter(url, 'domain') ?? '') ??
    domainOfHost(url.hostname)
  return domain !== undefined && (await domains.get(domain)) !== undefined ? domain : undefined
}

function addressIn(url: URL): Address | undefined {
  const text = parameter(url, 'emailaddress') ?? parameter(url, 'email') ?? behindPath(url)
  return text === undefined ? undefined : parseAddress(text)
}

function behindPath({ pathname }: URL): string | undefined {
  if (!pathname.toLowerCase().startsWith(JSON_V1_0)) return undefined
  try {
    return decodeURIComponent(pathname.slice(JSON_V1_0.length))
  } catch {
    return undefined
  }
}

/** Whatever its capitals. */
function parameter(url: URL, name: string): string | undefined {
  for (const [key, value] of url.searchParams) if (key.toLowerCase() === name) return value
  return undefined
}

function domainOfHost(hostname: string): Domain | undefined {
  const which = documentHosts.find((one) => hostname.startsWith(`${one}.`))
  return parseDomain(which === undefined ? hostname : hostname.slice(which.length + 1))
}

const plain = { 'x-content-type-options': 'nosniff' } as const

const document = (type: string, body: string, status = 200) =>
  new Response(body, {
    status,
    headers: { ...plain, 'content-type': type, 'cache-control': 'no-cache' },
  })

const text = (status: number, line: string, headers = {}) =>
  new Response(`${line}\n`, {
    status,
    headers: { ...plain, 'content-type': 'text/plain; charset=utf-8', ...headers },
  })

const nothing = () => text(404, 'nothing here')
const onlyGet = () => text(405, 'GET or HEAD', { allow: 'GET, HEAD' })
