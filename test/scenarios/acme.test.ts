// A certificate from a real ACME server (RFC 8555), pebble: ordered by the agent, proved by a DNS server that has what was
// published through Route 53's interface, stored in Secrets Manager's. Nothing in between is replaced.

import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Route53Challenges } from '#services/aws/certificates/route53-challenges.ts'
import { accountKeyStore, certificateStore } from '#services/aws/certificates/stores.ts'
import { openSecretCertificate } from '#services/aws/secret-certificate.ts'
import { Secret } from '#services/aws/secrets.ts'
import { httpsSender } from '#services/certificates/acme/https.ts'
import { AcmeIssuer } from '#services/certificates/acme/issuer.ts'
import { byDns } from '#services/certificates/acme/solver.ts'
import { renewCertificate } from '#services/certificates/agent.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import {
  formatCertificateSecret,
  parseCertificateSecret,
} from '#shared/net/tls/certificate-secret.ts'
import { daysLeft } from '#shared/net/tls/days-left.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { isPebbleInstalled, type Pebble, startPebble } from '#test/support/acme/pebble.ts'
import { type FakeRoute53, startRoute53 } from '#test/support/acme/route53.ts'
import { openSecrets, type TestSecrets } from '#test/support/acme/secrets-manager.ts'

const ENTRY = fileURLToPath(new URL('../support/acme/run-entry.ts', import.meta.url))
const DAY_MS = 24 * 3_600_000
const ZONE = 'Z0123456789'
const LONG = 'x'.repeat(60)
/** First labels of host names, and the names of their secrets. */
const hosts = ['first', 'renewed', 'due', 'one', 'other', 'failing', 'entry', LONG]

/** Real time, possibly shifted; pauses are cut short. */
function hastyClock(shiftMs = 0): Clock {
  return {
    now: () => Date.now() + shiftMs,
    sleep: (ms) => delay(Math.min(ms, 10)),
  }
}

describe.skipIf(!isPebbleInstalled())('a certificate by ACME', () => {
  let route53: FakeRoute53
  let pebble: Pebble
  let secrets: TestSecrets

  beforeAll(async () => {
    route53 = await startRoute53(ZONE)
    pebble = await startPebble(route53.nameServer)
    secrets = await openSecrets(['account', ...hosts])
  })

  afterAll(async () => {
    await pebble?.[Symbol.asyncDispose]()
    await route53?.[Symbol.asyncDispose]()
    await secrets?.[Symbol.asyncDispose]()
  })

  /** One run of the agent for a secret of this name, which is the first label of the host name too. */
  function run(name: string, clock = hastyClock()) {
    const hostname = `${name}.example.test`
    const issuer = new AcmeIssuer({
      directoryUrl: pebble.directoryUrl,
      names: async () => [hostname],
      contact: 'postmaster@example.test',
      accountKeys: accountKeyStore(new Secret(secrets.client, 'account')),
      solver: byDns(new Route53Challenges({ client: route53.client, hostedZoneId: ZONE, clock })),
      send: httpsSender(pebble.trusted),
      clock,
      log: silentLog,
    })
    const store = certificateStore(new Secret(secrets.client, name))
    return renewCertificate({ hostname, issuer, store, clock, log: silentLog })
  }

  function stored(name: string): CertificatePair {
    const reading = parseCertificateSecret(secrets.text(name) ?? '')
    if (reading.kind === 'unusable') throw new Error(reading.reason)
    return reading.pair
  }

  it('is ordered, proved by DNS and stored with its chain', async () => {
    expect(await run('first')).toEqual({ kind: 'renewed' })
    const { cert } = stored('first')
    const [leaf, intermediate] = certificatesIn(cert)
    expect(leaf?.subjectAltName).toBe('DNS:first.example.test')
    expect(leaf?.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(intermediate && leaf?.verify(intermediate.publicKey)).toBe(true)
    const root = new X509Certificate(await pebble.root())
    expect(intermediate?.verify(root.publicKey)).toBe(true)
    expect(route53.changes.map((change) => change.replace(/ \S+$/, ''))).toEqual([
      'UPSERT _acme-challenge.first.example.test',
      'DELETE _acme-challenge.first.example.test',
    ])
    expect([...route53.records]).toEqual([])
    // A second look finds it good.
    expect(await run('first')).toEqual({ kind: 'kept' })
    expect(stored('first').cert).toBe(cert)
  })

  it('is renewed when fewer than 30 days are left, and listeners take it', async () => {
    await run('renewed')
    const old = stored('renewed')
    const source = await openSecretCertificate({
      secret: new Secret(secrets.client, 'renewed'),
      hostname: 'renewed.example.test',
      clock: hastyClock(),
      random: () => 0,
      log: silentLog,
    })
    expect(source.current()).toEqual(old)
    const changed = new Promise<void>((resolve) => source.onChange(resolve))
    const left = daysLeft(old, Date.now())
    expect(left).toBeGreaterThan(89)
    expect(await run('renewed', hastyClock((left - 31) * DAY_MS))).toEqual({ kind: 'kept' })
    expect(await run('renewed', hastyClock((left - 29) * DAY_MS))).toEqual({ kind: 'renewed' })
    await changed
    source.close()
    expect(source.current()).toEqual(stored('renewed'))
    expect(source.current().key).not.toBe(old.key)
  })

  it('takes the place of one that is about to expire', async () => {
    // It lives ten years, which are at least 3,652 days.
    const old = makeSelfSigned('due.example.test', new Date(Date.now() - 3_630 * DAY_MS))
    secrets.put('due', formatCertificateSecret(old))
    expect(await run('due')).toEqual({ kind: 'renewed' })
    expect(stored('due').cert).not.toBe(old.cert)
  })

  it('comes by one account, whose key is kept', async () => {
    await run('one')
    const key = secrets.text('account')
    expect(key).toContain('PRIVATE KEY')
    await run('other')
    expect(secrets.text('account')).toBe(key)
    expect(await new Secret(secrets.client, 'account').read('AWSPREVIOUS')).toBeUndefined()
    expect(pebble.log().match(/There are now \d+ accounts in memory/g)).toEqual([
      'There are now 1 accounts in memory',
    ])
  })

  it('that is refused leaves the old one, and no record', async () => {
    const old = formatCertificateSecret(
      makeSelfSigned('failing.example.test', new Date('2016-01-01')),
    )
    secrets.put('failing', old)
    route53.forgedValue = 'forged'
    await expect(run('failing')).rejects.toThrow(
      /_acme-challenge\.failing\.example\.test is invalid: urn:ietf:params:acme:error:\w+/,
    )
    route53.forgedValue = undefined
    expect(secrets.text('failing')).toBe(old)
    expect([...route53.records]).toEqual([])
    expect(await run('failing')).toEqual({ kind: 'renewed' })
  })

  it('may have a name that is too long for a subject', async () => {
    expect(await run(LONG)).toEqual({ kind: 'renewed' })
    const [leaf] = certificatesIn(stored(LONG).cert)
    expect(leaf?.subjectAltName).toBe(`DNS:${LONG}.example.test`)
  })

  it('is got by the function, from its environment alone', async () => {
    route53.pendingAnswers = 0 // the pauses are real ones here
    const { status, output } = await runEntry({
      POSTWOLKE_HOSTNAME: 'entry.example.test',
      CERTIFICATE_SOURCE: 'acme',
      TLS_SECRET: 'entry',
      CERTIFICATE_ARN: '',
      ACME_DIRECTORY_URL: pebble.directoryUrl,
      ACME_CONTACT: '',
      ACME_ACCOUNT_SECRET: 'account',
      HOSTED_ZONE_ID: ZONE,
      METRICS_NAMESPACE: 'Postwolke',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      AWS_ENDPOINT_URL_ROUTE_53: route53.endpoint,
      NODE_EXTRA_CA_CERTS: pebble.trustedFile,
    })
    expect(output).toContain('"message":"certificate renewed"')
    expect(status).toBe(0)
    expect(certificatesIn(stored('entry').cert)[0]?.subjectAltName).toBe('DNS:entry.example.test')
  })

  it('is not asked of a server that is not trusted', async () => {
    const send = httpsSender()
    await expect(send({ method: 'GET', url: pebble.directoryUrl })).rejects.toThrow(
      `GET ${pebble.directoryUrl} failed`,
    )
  })
})

/** In a process of its own, because the function reads its environment when it is loaded. */
async function runEntry(environment: { readonly [variable: string]: string }) {
  const child = spawn(process.execPath, [ENTRY], {
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { status, output: output + errors }
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}
