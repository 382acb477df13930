import { describe, expect, it } from 'vitest'
import { RENEW_DAYS, renewCertificate } from '#services/certificates/agent.ts'
import type { CertificateIssuer } from '#services/certificates/issuer.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'

const hostname = 'mail.example.test'
const DAY_MS = 24 * 3_600_000
const made = new Date('2026-01-01T00:00:00Z')
/** Of what was made then. */
const expiresMs = Date.UTC(2036, 0, 1)

const current = makeSelfSigned(hostname, made)
const newer = makeSelfSigned(hostname, made)
const otherName = makeSelfSigned('www.example.test', made)

type Case = {
  readonly stored?: CertificatePair
  /** What the issuer gives. */
  readonly issued?: CertificatePair
  readonly asked?: CertificateIssuer['asked']
  /** Of what is stored or issued. */
  readonly daysLeft?: number
}

async function run({ stored, issued, asked = 'when due', daysLeft = 1_000 }: Case) {
  const written: CertificatePair[] = []
  const questions: (CertificatePair | undefined)[] = []
  const log = recordedLog()
  const decision = await renewCertificate({
    hostname,
    issuer: {
      asked,
      async issue(pair) {
        questions.push(pair)
        return issued
      },
    },
    store: {
      read: async () => stored,
      write: async (pair) => void written.push(pair),
    },
    clock: { now: () => expiresMs - daysLeft * DAY_MS, sleep: async () => {} },
    log,
  })
  return { decision, written, asked: questions.length, lines: log.lines }
}

describe('renewCertificate', () => {
  it('keeps a good certificate without asking for another', async () => {
    expect(await run({ stored: current, issued: newer })).toEqual({
      decision: { kind: 'kept' },
      written: [],
      asked: 0,
      lines: ['info certificate kept'],
    })
  })

  it('stores the first certificate', async () => {
    expect(await run({ issued: newer })).toEqual({
      decision: { kind: 'renewed' },
      written: [newer],
      asked: 1,
      lines: ['info certificate renewed'],
    })
  })

  it('renews from 30 days before the end on', async () => {
    const at = (daysLeft: number) => run({ stored: current, issued: newer, daysLeft })
    expect((await at(RENEW_DAYS)).decision).toEqual({ kind: 'kept' })
    expect((await at(RENEW_DAYS - 0.01)).written).toEqual([newer])
    expect((await at(-1)).decision).toEqual({ kind: 'refused', reason: 'expired' })
  })

  it('renews one that is made for other names', async () => {
    expect((await run({ stored: otherName, issued: newer })).written).toEqual([newer])
  })

  it('takes a newer one early where asking costs nothing', async () => {
    const result = await run({ stored: current, issued: newer, asked: 'always' })
    expect(result.written).toEqual([newer])
  })

  it.each([
    ['nothing', undefined],
    ['the same', current],
  ])('stores nothing when the issuer has %s', async (_what, issued) => {
    const answer = issued === undefined ? {} : { issued }
    const good = await run({ stored: current, asked: 'always', ...answer })
    expect(good).toMatchObject({ decision: { kind: 'kept' }, written: [], asked: 1 })
    const due = await run({ stored: current, daysLeft: 10, ...answer })
    expect(due).toMatchObject({
      decision: { kind: 'waiting', reason: 'expires soon' },
      written: [],
      lines: ['warn certificate due, nothing newer yet'],
    })
  })

  it.each([
    [
      'a key that does not belong to it',
      { ...newer, key: current.key },
      'the key does not belong to the certificate',
    ],
    ['other names', otherName, 'made for DNS:www.example.test, DNS:localhost'],
    ['a text that is no certificate', { ...newer, cert: 'text' }, ''],
  ])('refuses an issued certificate with %s', async (_what, issued, why) => {
    const { decision, written, lines } = await run({ stored: current, issued, daysLeft: 10 })
    expect(decision).toEqual({ kind: 'refused', reason: expect.stringContaining(why) })
    expect(written).toEqual([])
    expect(lines).toEqual(['error issued certificate refused, old one kept'])
  })

  it('leaves the old one when the issuer fails', async () => {
    const written: CertificatePair[] = []
    const failing = renewCertificate({
      hostname,
      issuer: {
        asked: 'always',
        issue: () => Promise.reject(new Error('no connection')),
      },
      store: { read: async () => current, write: async (pair) => void written.push(pair) },
      clock: { now: () => made.getTime(), sleep: async () => {} },
      log: recordedLog(),
    })
    await expect(failing).rejects.toThrow('no connection')
    expect(written).toEqual([])
  })
})
