// The function `probe` as Lambda runs it, against a real server: with its certificate, its logins and its whole pipeline.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { takeMail } from '#test/support/accounts.ts'
import { openSecrets, type TestSecrets } from '#test/support/acme/secrets-manager.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const ENTRY = fileURLToPath(new URL('../support/probe/run-entry.ts', import.meta.url))
const account = { address: 'probe@example.test', password: 'a secret of the probe' }

describe('a round trip', () => {
  const resources = new AsyncDisposableStack()
  let server: ServerProcess
  let secrets: TestSecrets
  let folder: string

  beforeAll(async () => {
    folder = resources.use(await temporaryFolder()).path
    secrets = resources.use(await openSecrets(['probe']))
    server = resources.use(
      await startServer(folder, await freePorts(), ['hostname=mail.example.test']),
    )
    const words = ['account', 'add', account.address, '--password-stdin']
    expect(await runCommand(folder, words, `${account.password}\n`)).toMatchObject({ code: 0 })
  })
  afterAll(() => resources.disposeAsync())

  async function run(changes: { readonly [variable: string]: string } = {}) {
    const child = spawn(process.execPath, [ENTRY], {
      env: {
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
        METRICS_NAMESPACE: 'Postwolke/test',
        POSTWOLKE_HOSTNAME: 'mail.example.test',
        PROBE_SECRET: 'probe',
        PROBE_SUBMISSIONS_PORT: String(server.ports.submissions),
        PROBE_IMAPS_PORT: String(server.ports.imaps),
        NODE_EXTRA_CA_CERTS: join(folder, 'tls/self-signed.cert.pem'),
        ...changes,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    const lines: { readonly [field: string]: unknown }[] = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
    return { code: child.exitCode, lines, stderr }
  }

  const signIn = (password: string) =>
    secrets.put('probe', JSON.stringify({ user: account.address, password }))

  it('ends in the mailbox, leaves nothing there, and its time is a metric', async () => {
    signIn(account.password)
    const { code, lines, stderr } = await run()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'round trip', service: 'probe' }),
    )
    expect(lines.at(-1)).toHaveProperty('RoundTripSeconds')
    await expect(takeMail(server, account, 0)).resolves.toEqual([])
  })

  it('says what did not work, and gives no time', async () => {
    signIn('a wrong one')
    const { code, lines } = await run()
    expect(code).toBe(0)
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'round trip failed', stage: 'submission' }),
    )
    expect(lines.at(-1)).not.toHaveProperty('RoundTripSeconds')
    expect(lines.at(-1)).toMatchObject({ Failures: 1 })
  })

  it('fails with a certificate that nobody vouches for', async () => {
    signIn(account.password)
    const { lines } = await run({ NODE_EXTRA_CA_CERTS: '' })
    expect(lines).toContainEqual(
      expect.objectContaining({
        stage: 'submission',
        reason: expect.stringContaining('self-signed certificate'),
      }),
    )
  })

  it('names a secret that is none, and fails as a function', async () => {
    secrets.put('probe', 'user:password')
    const { code, stderr } = await run()
    expect(code).toBe(1)
    expect(stderr).toContain('the probe secret is not {"user": "…", "password": "…"}')
    expect(stderr).not.toContain('user:password')
  })
})
