import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  FIRST_RECHECK_MS,
  JITTER,
  openSecretCertificate,
  RECHECK_MS,
} from '#services/aws/secret-certificate.ts'
import { Secret } from '#services/aws/secrets.ts'
import { formatCertificateSecret } from '#shared/net/tls/certificate-secret.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { openSecrets } from '#test/support/acme/secrets-manager.ts'
import { ManualClock } from '#test/support/manual-clock.ts'

const hostname = 'mail.example.test'
const now = new Date('2026-01-01T00:00:00Z')
const [first, second] = [makeSelfSigned(hostname, now), makeSelfSigned(hostname, now)]
const unfit = formatCertificateSecret({ cert: first.cert, key: second.key })

/** A Secrets Manager whose secret `tls` has had these values. */
async function prepared(...values: readonly string[]) {
  const secrets = await openSecrets(['tls'])
  for (const value of values) secrets.put('tls', value)
  const clock = new ManualClock(now.getTime())
  const log = recordedLog()
  const secret = new Secret(secrets.client, 'tls')
  const world: { reads: number; failure: Error | undefined } = { reads: 0, failure: undefined }
  const open = (random = () => 0) =>
    openSecretCertificate({
      secret: {
        async read(stage) {
          world.reads += 1
          if (world.failure !== undefined) throw world.failure
          return secret.read(stage)
        },
      },
      hostname,
      clock,
      random,
      log,
    })
  return { secrets, world, clock, log, open, [Symbol.asyncDispose]: secrets[Symbol.asyncDispose] }
}

describe('openSecretCertificate', () => {
  it('uses the current version', async () => {
    await using test = await prepared(
      formatCertificateSecret(second),
      formatCertificateSecret(first),
    )
    const source = await test.open()
    expect(source.current()).toEqual(first)
    expect(test.log.lines).toEqual(['info certificate in use'])
    expect(test.log.fields).toEqual([{ versionId: expect.any(String), daysLeft: 3652 }])
    source.close()
  })

  it('takes a new version and tells the listeners', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    const source = await test.open()
    const seen: string[] = []
    source.onChange(() => seen.push(source.current().cert))
    await test.clock.step()
    expect(seen).toEqual([])
    test.secrets.put('tls', formatCertificateSecret(second))
    await test.clock.step()
    await test.clock.step()
    expect(seen).toEqual([second.cert])
    source.close()
  })

  it('looks every ten minutes, a random part earlier', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    const chances = [0, 0.5]
    const source = await test.open(() => chances.shift() ?? 0)
    expect(await test.clock.asleep()).toBe(RECHECK_MS)
    await test.clock.step()
    expect(await test.clock.asleep()).toBe(RECHECK_MS * (1 - JITTER / 2))
    source.close()
  })

  it('refuses a bad version once and keeps the old one', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    const source = await test.open()
    test.secrets.put('tls', unfit)
    await test.clock.step()
    await test.clock.step()
    expect(source.current()).toEqual(first)
    expect(test.log.lines).toEqual(['info certificate in use', 'warn certificate refused'])
    test.secrets.put('tls', formatCertificateSecret(second))
    await test.clock.step()
    expect(source.current()).toEqual(second)
    source.close()
  })

  it('falls back to the previous version at the start', async () => {
    await using test = await prepared(formatCertificateSecret(first), unfit)
    const source = await test.open()
    expect(source.current()).toEqual(first)
    await test.clock.step()
    expect(test.log.lines).toEqual(['warn certificate refused', 'info certificate in use'])
    source.close()
  })

  it.each([
    ['no value', []],
    ['a placeholder', ['placeholder']],
    ['two unusable values', ['placeholder', unfit]],
  ])('is self-signed while the secret has %s', async (_what, values) => {
    await using test = await prepared(...values)
    const source = await test.open()
    const { cert } = source.current()
    expect(new X509Certificate(cert).checkHost(hostname)).toBe(hostname)
    expect(test.log.lines.at(-1)).toBe(
      'warn the secret has no usable certificate, self-signed one in use',
    )
    expect(await test.clock.asleep()).toBe(FIRST_RECHECK_MS)
    await test.clock.step()
    expect(source.current().cert).toBe(cert)
    const changed = new Promise<void>((resolve) => source.onChange(resolve))
    test.secrets.put('tls', formatCertificateSecret(first))
    await test.clock.step()
    await changed
    expect(source.current()).toEqual(first)
    expect(await test.clock.asleep()).toBe(RECHECK_MS)
    source.close()
  })

  it('keeps the certificate while Secrets Manager fails', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    const source = await test.open()
    test.world.failure = new TemporaryFailure('no connection')
    await test.clock.step()
    expect(source.current()).toEqual(first)
    expect(test.log.lines.slice(1)).toEqual([
      'warn cannot read the certificate secret, certificate kept',
    ])
    test.world.failure = undefined
    test.secrets.put('tls', formatCertificateSecret(second))
    await test.clock.step()
    expect(source.current()).toEqual(second)
    source.close()
  })

  it('does not open when the secret cannot be read', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    test.world.failure = new TemporaryFailure('access denied')
    await expect(test.open()).rejects.toThrow('access denied')
  })

  it('looks no more once it is closed', async () => {
    await using test = await prepared(formatCertificateSecret(first))
    const source = await test.open()
    await test.clock.asleep()
    const asked = test.world.reads
    source.close()
    await new Promise(setImmediate)
    expect(test.world.reads).toBe(asked)
  })
})
