// What a console of a test stands on: one machine, unless a test file has its stories stand on something else (`standOn`). Whoever opens one says
// what is in its directory and which settings it has, and is told where it is.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import type { Backend } from '#services/assembly/backend.ts'
import { createBackend } from '#services/assembly/backend.ts'
import { FIRST_START_FILE } from '#services/cli/welcome.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import type { Settings } from '#shared/settings/table.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { type Account, firstAccounts } from './accounts.ts'
import type { Way } from './browser/browser.ts'
import { must } from './must.ts'
import { freePorts, startServer } from './server-process.ts'
import { openTcpRelay, type TcpRelay } from './tcp-relay.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Ground = {
  readonly name: 'one machine' | 'AWS'
  /** Of what is done again and again with other values: one in so many. */
  readonly sparing: number
  /** Of the host that mail leaves for; undefined: any, which settings name. */
  readonly relayPort: number | undefined
  open(wanted: Wanted): Promise<Console>
}

export type Wanted = {
  /** As `--set` takes them, for a console at this address. */
  readonly settings: (origin: string) => readonly string[] | Promise<readonly string[]>
  /** Undefined: a first start. */
  readonly fill?: ((backend: Backend) => Promise<void>) | undefined
}

export interface Console extends AsyncDisposable {
  readonly origin: string
  /** How browsers get there. */
  readonly way: Way
  /** The line that it is behind, which can be cut. */
  readonly line: TcpRelay
  readonly smtpPort: number
  /** Where settings come from that nobody changes in the console. */
  readonly lastWord: 'command line' | 'environment'
  /** What was changed is in force in all that works from now on. */
  settles(): Promise<void>
  /** Before a page is opened that is to hear of what changes. */
  listen(page: Page): Promise<void>
  /** Waits until it has heard so much that this is there: by a stream at once, and where it asks from time to time when that has come. */
  hears(page: Page, sign: Locator): Promise<void>
  /** Of a first start. */
  readonly first: FirstStart | undefined
}

export type FirstStart = {
  readonly bob: Account
  /** As it is printed. */
  readonly ownerLink: string
}

/** Of every console here. */
export const HOST = 'mx.example.test'

const oneMachine: Ground = {
  ...{ name: 'one machine', sparing: 1, relayPort: undefined, open: openOneMachine },
}
let ground = oneMachine

/** What stories of this file stand on from now on. */
export function standOn(other: Ground): void {
  ground = other
}

export const groundOfStories = (): Ground => ground

export const asOften = (times: number): number => Math.ceil(times / ground.sparing)

/** Whether pages are looked at too: they are the same wherever they come from. */
export const isLookedAt = (): boolean => ground === oneMachine

export const openConsole = (wanted: Wanted): Promise<Console> => ground.open(wanted)

/** Of the process that fills a store. */
export function ownSettings(): Settings {
  const loaded = loadSettings({ environment: {}, overrides: [`hostname=${HOST}`] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

async function openOneMachine({ settings, fill }: Wanted): Promise<Console> {
  await using opening = new AsyncDisposableStack()
  const ports = await freePorts()
  const line = opening.use(await openTcpRelay(ports.http))
  // Browsers take `localhost` for secure, and ask for no passkey where they do not trust a certificate.
  const origin = `http://localhost:${line.port}`
  const { path } = opening.use(await temporaryFolder())
  if (fill !== undefined) await fillFolder(path, fill)
  const server = opening.use(
    await startServer(path, ports, [
      `hostname=${HOST}`,
      'passkeyDomain=localhost',
      `clientSetupPorts=https=${ports.https}`,
      ...(await settings(origin)),
    ]),
  )
  const resources = opening.move()
  return {
    ...{ origin, line, way: {} },
    smtpPort: ports.smtp,
    lastWord: 'command line',
    settles: async () => undefined,
    listen: async () => undefined,
    hears: (_, sign) => sign.waitFor(),
    first:
      fill === undefined
        ? {
            bob: firstAccounts(server).bob,
            ownerLink: must(linkIn(readFileSync(join(path, FIRST_START_FILE), 'utf8'))),
          }
        : undefined,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Before the server is there: nobody waits for it to answer. */
async function fillFolder(directory: string, fill: (backend: Backend) => Promise<void>) {
  await using store = await openEmbeddedStore({ directory, clock: systemClock, log: silentLog })
  await fill(createBackend({ store, settings: ownSettings(), clock: systemClock, log: silentLog }))
}

/** The first that leads to the console with a secret. */
export const linkIn = (text: string): string | undefined => /https:\S+\/link#\S+/.exec(text)?.[0]
