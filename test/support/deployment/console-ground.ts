// A deployment on this machine as what a console stands on: each console has one of its own, of the same templates. A browser comes to it by the
// name that the deployment file gives the console.

import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { linkUrl } from '#services/cli/link-url.ts'
import { inviteFirstOwner, prepareFirstStart } from '#services/one-machine/first-start.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { isDecidedByDeployment } from '#shared/settings/deployed.ts'
import { variableOf } from '#shared/settings/load.ts'
import { eventually } from '../accounts.ts'
import { type FirstStart, type Ground, ownSettings } from '../console-ground.ts'
import { must } from '../must.ts'
import { openTcpRelay } from '../tcp-relay.ts'
import type { Assembly } from './assembly.ts'
import { deployLocally } from './deployment.ts'
import { httpApiOf } from './http-api.ts'
import { openHttpsFront } from './https-front.ts'
import { openStoresOf } from './stores.ts'

export const CONSOLE_HOST = 'console.example.test'

/** The console asks at least that often. */
const ASKS_EVERY_MS = 31_000

export type DeployedGround = Ground & {
  /** What the policies refused, and what went wrong before the function could answer; of all consoles that are closed. */
  readonly faults: readonly string[]
  /** From now on, of these templates, whose relay host is the ground's. */
  deploys(assembly: Assembly): void
}

export function deployedGround(options: {
  readonly dynamoDbUrl: string
  readonly relayPort: number
}): DeployedGround {
  const { dynamoDbUrl, relayPort } = options
  let templates: Assembly | undefined
  const faults: string[] = []
  const origin = `https://${CONSOLE_HOST}`
  return {
    name: 'AWS',
    sparing: 5,
    relayPort,
    faults,
    deploys(assembly) {
      templates = assembly
    },
    async open({ settings, fill }) {
      await using opening = new AsyncDisposableStack()
      const assembly = must(templates)
      const variables = mailVariables(await settings(origin))
      const deployment = opening.use(
        await deployLocally({
          assembly,
          dynamoDbUrl,
          tasks: 1,
          processesMax: 2,
          settings: variables,
        }),
      )
      opening.defer(() => {
        const refused = deployment.gateway
          .refusals()
          .map(({ principal, action, resource }) => `${principal}: ${action} ${resource}`)
        faults.push(...new Set(refused))
      })
      const first = await (async () => {
        const { mailStore, close } = await openStoresOf(deployment, 'apiFunction', systemClock)
        const store = must(mailStore)
        const log = silentLog
        const backend = createBackend({ store, settings: ownSettings(), clock: systemClock, log })
        const made = fill === undefined ? await startFirst(backend, origin) : await fill(backend)
        await close()
        return made
      })()
      const front = opening.use(await openHttpsFront(httpApiOf(deployment, CONSOLE_HOST)))
      opening.defer(() => void faults.push(...front.failures))
      const line = opening.use(await openTcpRelay(front.port))
      const resources = opening.move()
      return {
        ...{ origin, line },
        way: {
          hosts: { [`${CONSOLE_HOST}:443`]: `127.0.0.1:${line.port}` },
          keyDigests: [front.keyDigest],
        },
        smtpPort: deployment.port(25),
        lastWord: 'environment',
        settles: () => deployment.function('apiFunction').renew(),
        listen: (page) => page.clock.install(),
        hears: async (page, sign) =>
          void (await eventually('the console asks what changed', async () => {
            await page.clock.fastForward(ASKS_EVERY_MS)
            return await sign.isVisible()
          })),
        first: first ?? undefined,
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      }
    },
  }
}

/** As a deployment file's `[mail]` becomes variables; what the deployment decides stands in its templates. */
function mailVariables(settings: readonly string[]): { readonly [variable: string]: string } {
  const pairs = settings.map((setting): [string, string] => {
    const at = setting.indexOf('=')
    return [setting.slice(0, at), setting.slice(at + 1)]
  })
  const own = pairs.filter(([path]) => !isDecidedByDeployment(path))
  return Object.fromEntries(own.map(([path, value]) => [variableOf(path), value]))
}

/** As the operator begins: a domain, accounts, and the link for whoever becomes owner. */
async function startFirst(backend: Backend, origin: string): Promise<FirstStart> {
  const accounts = must(await prepareFirstStart(backend))
  const secret = must(await inviteFirstOwner(backend))
  return {
    bob: must(accounts.find(({ address }) => address.startsWith('bob@'))),
    ownerLink: linkUrl(origin, secret),
  }
}
