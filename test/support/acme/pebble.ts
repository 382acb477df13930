// Pebble, the ACME test server of Let's Encrypt, on loopback (Debian's package `pebble`).

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { httpsSender } from '#services/certificates/acme/https.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { freePort } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

export interface Pebble extends AsyncDisposable {
  readonly directoryUrl: string
  /** PEM of the certificate its own HTTPS server is trusted by. */
  readonly trusted: string
  readonly trustedFile: string
  /** PEM of the root that its certificates lead to. */
  root(): Promise<string>
  /** What it has written so far. */
  log(): string
}

const START_PROBES_MAX = 200
const PROBE_PAUSE_MS = 50
const VALIDITY_SECONDS = 90 * 24 * 3_600

export function isPebbleInstalled(): boolean {
  const isThere = spawnSync('pebble', ['-h']).error === undefined
  if (!isThere) {
    process.stderr.write(
      '\n*** NO PEBBLE: the tests of the ACME client are SKIPPED. Install the package pebble. ***\n\n',
    )
  }
  return isThere
}

/** Asks the name server for challenge records. Refuses one nonce of twenty, as it does by itself. */
export async function startPebble(
  nameServer: string,
  /** Where it looks for what proves a name. */
  challengePorts: { readonly httpPort?: number; readonly tlsPort?: number } = {},
): Promise<Pebble> {
  const folder = await temporaryFolder()
  const { cert, key } = makeSelfSigned('pebble.test', new Date())
  const file = (name: string) => join(folder.path, name)
  const [port, managementPort] = [await freePort(), await freePort()]
  await writeFile(file('cert.pem'), cert)
  await writeFile(file('key.pem'), key)
  await writeFile(
    file('config.json'),
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: file('cert.pem'),
        privateKey: file('key.pem'),
        certificateValidityPeriod: VALIDITY_SECONDS,
        ...challengePorts,
      },
    }),
  )
  const child = spawn('pebble', ['-config', file('config.json'), '-dnsserver', nameServer], {
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let written = ''
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => (written += text))
  }
  const send = httpsSender(cert)
  const pebble: Pebble = {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    trusted: cert,
    trustedFile: file('cert.pem'),
    root: async () =>
      (await send({ method: 'GET', url: `https://127.0.0.1:${managementPort}/roots/0` })).text,
    log: () => written,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await folder[Symbol.asyncDispose]()
    },
  }
  for (let probes = 0; probes < START_PROBES_MAX && child.exitCode === null; probes += 1) {
    const answer = await pebble.root().catch(() => undefined)
    if (answer !== undefined) return pebble
    await delay(PROBE_PAUSE_MS)
  }
  await pebble[Symbol.asyncDispose]()
  throw new Error(`pebble did not start:\n${written}`)
}
