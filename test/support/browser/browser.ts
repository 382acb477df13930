// Debian's Chromium, for tests of pages: one process a test file, in it profiles that share nothing (cookies, storage, cache), in these pages
// that tell what they met: breaches of the content policy, errors, clicks and keys. It stays under the policy that the server sends.

import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import {
  type BrowserContext,
  type CDPSession,
  type Browser as Chromium,
  chromium,
  type Page,
} from 'playwright-core'
import { axeViolations } from './axe.ts'
import { type Throttle, throttle, unthrottle } from './profiles.ts'

export interface Browser extends AsyncDisposable {
  /** Somebody else's browser, or this one's in private. */
  profile(options?: ProfileOptions): Promise<Profile>
}

export type ProfileOptions = {
  readonly locale?: 'en-GB' | 'de-DE'
  readonly colorScheme?: 'light' | 'dark'
  readonly size?: Size
  readonly reducedMotion?: boolean
  /** Of servers here, whose certificates nobody signed. */
  readonly trustsAnyCertificate?: boolean
}

/** How it gets to a server on this machine. */
export type Way = {
  /** `name:port` as pages have it, and where that is. */
  readonly hosts?: { readonly [host: string]: string }
  /** Of keys whose certificates it trusts: SHA-256 in base64. */
  readonly keyDigests?: readonly string[]
}

export type Size = { readonly width: number; readonly height: number }
export const sizes = {
  phone: { width: 390, height: 844 },
  desk: { width: 1440, height: 900 },
} as const

export interface Profile extends AsyncDisposable {
  readonly context: BrowserContext
  /** A new tab. */
  tab(): Promise<Tab>
}

/** What somebody did until the answer was there; `in-page.js` counts it. */
export type Effort = { clicks: number; keys: number }

export interface Tab extends AsyncDisposable {
  readonly page: Page
  readonly session: CDPSession
  /**
   * Since the last time it was asked: breaches of the content policy, as the page itself reports them; exceptions that nobody caught, and
   * errors on the console.
   */
  faults(): readonly string[]
  /** Since the last time it was asked. */
  effort(): Effort
  throttle(how: Throttle): Promise<void>
  unthrottle(): Promise<void>
  /** Rules of accessibility that the page breaks as it is now. */
  axe(): Promise<readonly string[]>
  /** Into the folder that SCREENSHOTS names, where it names one. */
  screenshot(name: string): Promise<void>
  /** Of the layout so far, without what follows an input within half a second (as browsers count it). */
  layoutShift(): Promise<number>
  /** A security key that is always there and says yes. */
  addAuthenticator(): Promise<string>
}

/** What a test may wait for something on a page. */
const WAIT_MAX_MS = 15_000

const path = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find(isExecutable)

export async function openBrowser({ hosts = {}, keyDigests = [] }: Way = {}): Promise<Browser> {
  if (path === undefined) throw new Error('chromium is not installed')
  const rules = Object.entries(hosts).map(([from, to]) => `MAP ${from} ${to}`)
  const browser = await chromium.launch({
    executablePath: path,
    args: [
      // Tests run as root in containers.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // Names that tests give their servers.
      `--host-resolver-rules=${[...rules, 'MAP *.example.test 127.0.0.1'].join(', ')}`,
      ...(keyDigests.length > 0
        ? [`--ignore-certificate-errors-spki-list=${keyDigests.join(',')}`]
        : []),
    ],
  })
  return {
    profile: (options = {}) => openProfile(browser, options),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

async function openProfile(browser: Chromium, options: ProfileOptions): Promise<Profile> {
  const context = await browser.newContext({
    locale: options.locale ?? 'en-GB',
    timezoneId: 'Europe/Berlin',
    colorScheme: options.colorScheme ?? 'light',
    viewport: options.size ?? sizes.desk,
    reducedMotion: options.reducedMotion === false ? 'no-preference' : 'reduce',
    acceptDownloads: true,
    ignoreHTTPSErrors: options.trustsAnyCertificate ?? false,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  context.setDefaultTimeout(WAIT_MAX_MS)
  const tabs = new Map<Page, Notes>()
  await context.exposeBinding('__note', ({ page }, kind: unknown, text: unknown) => {
    const notes = tabs.get(page)
    if (notes === undefined) return
    if (kind === 'click') notes.effort.clicks++
    else if (kind === 'key') notes.effort.keys++
    else if (kind === 'breach') notes.faults.push(String(text))
  })
  await context.addInitScript({ path: new URL('in-page.js', import.meta.url).pathname })
  return {
    context,
    async tab() {
      const page = await context.newPage()
      const notes: Notes = { faults: [], effort: { clicks: 0, keys: 0 } }
      tabs.set(page, notes)
      return openTab(page, await context.newCDPSession(page), notes)
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

type Notes = { readonly faults: string[]; effort: Effort }

function openTab(page: Page, session: CDPSession, notes: Notes): Tab {
  page.on('pageerror', (error) => notes.faults.push(error.stack ?? error.message))
  page.on('console', (message) => {
    // What a server answers is in the test's own hands.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    notes.faults.push(message.text())
  })
  return {
    page,
    session,
    faults: () => notes.faults.splice(0),
    effort() {
      const { effort } = notes
      notes.effort = { clicks: 0, keys: 0 }
      return effort
    },
    throttle: (how) => throttle(session, how),
    unthrottle: () => unthrottle(session),
    axe: () => axeViolations(session),
    async screenshot(name) {
      const folder = process.env.SCREENSHOTS
      if (folder === undefined || folder === '') return
      mkdirSync(folder, { recursive: true })
      await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
    },
    layoutShift: () => page.evaluate('globalThis.__layoutShift'),
    async addAuthenticator() {
      await session.send('WebAuthn.enable')
      const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          protocol: 'ctap2',
          transport: 'internal',
          hasResidentKey: true,
          hasUserVerification: true,
          isUserVerified: true,
          automaticPresenceSimulation: true,
        },
      })
      return authenticatorId
    },
    [Symbol.asyncDispose]: () => page.close(),
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
