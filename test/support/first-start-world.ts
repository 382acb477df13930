// A server that starts for the first time, as `npm start` leaves it: a domain, two accounts and a link for its first owner, in a file. What it
// sends elsewhere arrives here; whoever has an account signs in with an issuer too.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from './accounts.ts'
import {
  type Console,
  type FirstStart,
  groundOfStories,
  linkIn,
  openConsole,
} from './console-ground.ts'
import { must } from './must.ts'
import { client, publicClient, type RunningProvider, startOidcProvider } from './oidc-provider.ts'
import { openSink } from './sink-smtp.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface FirstStartWorld extends Console {
  readonly provider: RunningProvider
  readonly first: FirstStart
  /** Waits for the so manieth link that is mailed to an address elsewhere. */
  mailedLink(to: string, count: number): Promise<string>
}

export async function openFirstStartWorld(): Promise<FirstStartWorld> {
  await using opening = new AsyncDisposableStack()
  const { name, relayPort } = groundOfStories()
  const sink = opening.use(await openSink(relayPort === undefined ? {} : { port: relayPort }))
  const { path } = opening.use(await temporaryFolder())
  const secretFile = join(path, 'client-secret')
  await writeFile(secretFile, `${client.secret}\n`)
  let provider: RunningProvider | undefined
  const console = opening.use(
    await openConsole({
      async settings(origin) {
        provider = opening.use(
          await startOidcProvider({ sub: 'nobody' }, [`${origin}/sign-in/oidc`]),
        )
        return [
          'authFailureDelay=0',
          'authFailureLimitPerAccount=3',
          'authMinimalBackoffTime=10m',
          `relayhost=[127.0.0.1]:${sink.port}`,
          'smtpTlsSecurityLevel=none',
          `oidcIssuer=${provider.issuer}`,
          // On AWS a secret is the deployment's.
          ...(name === 'AWS'
            ? [`oidcClientId=${publicClient.id}`]
            : [`oidcClientId=${client.id}`, `oidcClientSecretFile=${secretFile}`]),
        ]
      },
    }),
  )
  const resources = opening.move()
  return {
    ...console,
    provider: must(provider),
    first: must(console.first),
    mailedLink: (to, count) =>
      eventually(`link ${count} for ${to}`, () => {
        const links = sink.messages
          .filter(({ envelope }) => envelope.rcptTo.some(({ address }) => address === to))
          .flatMap(({ bytes }) => linkIn(textOf(bytes)) ?? [])
        return links[count - 1]
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Of a letter, which has one part, in base64. */
function textOf(bytes: Buffer): string {
  const [, body = ''] = bytes.toString('latin1').split('\r\n\r\n')
  return Buffer.from(body, 'base64').toString()
}
