// A server that starts for the first time, as `npm start` leaves it: a domain, two accounts and a link for its first owner, in a file. What it
// sends elsewhere arrives here; whoever has an account signs in with an issuer too.

import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FIRST_START_FILE } from '#services/cli/welcome.ts'
import { eventually } from './accounts.ts'
import { must } from './must.ts'
import { client, type RunningProvider, startOidcProvider } from './oidc-provider.ts'
import { freePorts, type ServerProcess, startServer } from './server-process.ts'
import { openSink } from './sink-smtp.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface FirstStartWorld extends AsyncDisposable {
  readonly server: ServerProcess
  readonly provider: RunningProvider
  /** Without TLS: browsers take `localhost` for secure, and ask for no passkey where they do not trust a certificate. */
  readonly origin: string
  /** As it is printed. */
  readonly ownerLink: string
  /** Waits for the so manieth link that is mailed to an address elsewhere. */
  mailedLink(to: string, count: number): Promise<string>
}

export async function openFirstStartWorld(): Promise<FirstStartWorld> {
  await using opening = new AsyncDisposableStack()
  const ports = await freePorts()
  const origin = `http://localhost:${ports.http}`
  const sink = opening.use(await openSink())
  const provider = opening.use(
    await startOidcProvider({ sub: 'nobody' }, [`${origin}/sign-in/oidc`]),
  )
  const { path } = opening.use(await temporaryFolder())
  const secretFile = join(path, 'client-secret')
  await writeFile(secretFile, `${client.secret}\n`)
  const server = opening.use(
    await startServer(path, ports, [
      'hostname=mx.example.test',
      'passkeyDomain=localhost',
      `clientSetupPorts=https=${ports.https}`,
      'authFailureDelay=0',
      'authFailureLimitPerAccount=3',
      `relayhost=[127.0.0.1]:${sink.port}`,
      'smtpTlsSecurityLevel=none',
      `oidcIssuer=${provider.issuer}`,
      `oidcClientId=${client.id}`,
      `oidcClientSecretFile=${secretFile}`,
    ]),
  )
  const text = readFileSync(join(path, FIRST_START_FILE), 'utf8')
  const resources = opening.move()
  return {
    server,
    provider,
    origin,
    ownerLink: must(linkIn(text)),
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

const linkIn = (text: string) => /https:\S+\/link#\S+/.exec(text)?.[0]

/** Of a letter, which has one part, in base64. */
function textOf(bytes: Buffer): string {
  const [, body = ''] = bytes.toString('latin1').split('\r\n\r\n')
  return Buffer.from(body, 'base64').toString()
}
