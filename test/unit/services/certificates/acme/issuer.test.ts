// What pebble does not do on request; the rest is in test/scenarios/acme.test.ts.

import { describe, expect, it } from 'vitest'
import type { HttpsAnswer, HttpsRequest } from '#services/certificates/acme/https.ts'
import { AcmeIssuer } from '#services/certificates/acme/issuer.ts'
import { byDns } from '#services/certificates/acme/solver.ts'
import { recordedLog } from '#test/support/acme/recorded-log.ts'
import { skippingClock } from '#test/support/skipping-clock.ts'

const base = 'https://ca.test'
const identifier = { type: 'dns', value: 'mail.example.test' }
const problemType = 'urn:ietf:params:acme:error:'

type Answer = Partial<HttpsAnswer> & { readonly value?: object }

/** A certificate authority whose answers may be replaced by path; of several answers the last one stays. */
function prepared(answers: Readonly<Record<string, readonly Answer[]>> = {}) {
  const script: Readonly<Record<string, readonly Answer[]>> = {
    '/dir': [
      {
        value: {
          newNonce: `${base}/nonce`,
          newAccount: `${base}/account`,
          newOrder: `${base}/orders`,
        },
      },
    ],
    '/nonce': [{}],
    '/account': [{ status: 201, headers: { location: `${base}/account/1` }, value: {} }],
    '/orders': [
      {
        status: 201,
        headers: { location: `${base}/order` },
        value: { status: 'pending', authorizations: [`${base}/authorization`] },
      },
    ],
    '/order': [
      { value: { status: 'ready', finalize: `${base}/finalize` } },
      { value: { status: 'valid', certificate: `${base}/certificate` } },
    ],
    '/authorization': [
      {
        value: {
          status: 'pending',
          identifier,
          challenges: [
            { type: 'http-01', url: `${base}/other`, token: 'other' },
            { type: 'dns-01', url: `${base}/challenge`, token: 'token' },
          ],
        },
      },
      { value: { status: 'valid' } },
    ],
    '/challenge': [{ value: {} }],
    '/finalize': [{ value: { status: 'processing' } }],
    '/certificate': [{ text: 'PEM' }],
    ...answers,
  }
  const requests: HttpsRequest[] = []
  const records: string[] = []
  const log = recordedLog()
  const hands = skippingClock()
  let accountKey: string | undefined
  const asked = new Map<string, number>()
  let nonces = 0

  async function send(request: HttpsRequest): Promise<HttpsAnswer> {
    requests.push(request)
    const path = new URL(request.url).pathname
    const times = asked.get(path) ?? 0
    asked.set(path, times + 1)
    const answer = script[path]?.[times] ?? script[path]?.at(-1)
    if (answer === undefined) throw new Error(`no answer for ${path}`)
    return {
      status: answer.status ?? 200,
      headers: { 'replay-nonce': `nonce-${++nonces}`, ...answer.headers },
      text: answer.text ?? JSON.stringify(answer.value ?? {}),
    }
  }

  const issuer = new AcmeIssuer({
    directoryUrl: `${base}/dir`,
    names: async () => ['mail.example.test'],
    contact: '',
    accountKeys: {
      read: async () => accountKey,
      write: async (key) => void (accountKey = key),
    },
    solver: byDns({
      publish: async (name) => void records.push(`publish ${name}`),
      remove: async (name) => void records.push(`remove ${name}`),
    }),
    send,
    clock: hands.clock,
    log,
  })
  const paths = () => requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)
  return { issuer, requests, paths, records, log, hands }
}

function problem(status: number, type: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    value: { type: `${problemType}${type}`, detail: 'no luck' },
  }
}

function protectedHeader({ body = '{}' }: HttpsRequest): Record<string, unknown> {
  return JSON.parse(Buffer.from(JSON.parse(body).protected, 'base64url').toString())
}

describe('AcmeIssuer', () => {
  it('asks for one certificate in the order of the protocol', async () => {
    const test = prepared()
    const { cert, key } = await test.issuer.issue()
    expect(cert).toBe('PEM')
    expect(key).toContain('PRIVATE KEY')
    expect(test.paths()).toEqual([
      'GET /dir',
      'HEAD /nonce',
      'POST /account',
      'POST /orders',
      'POST /authorization',
      'POST /challenge',
      'POST /authorization',
      'POST /order',
      'POST /finalize',
      'POST /order',
      'POST /certificate',
    ])
    expect(test.records).toEqual([
      'publish _acme-challenge.mail.example.test',
      'remove _acme-challenge.mail.example.test',
    ])
  })

  it('signs with the key until the account is known, and uses each nonce once', async () => {
    const test = prepared()
    await test.issuer.issue()
    const headers = test.requests.filter(({ method }) => method === 'POST').map(protectedHeader)
    expect(headers.map(({ kid }) => kid)).toEqual([
      undefined,
      ...Array(headers.length - 1).fill(`${base}/account/1`),
    ])
    expect(headers[0]).toHaveProperty('jwk')
    expect(new Set(headers.map(({ nonce }) => nonce)).size).toBe(headers.length)
  })

  it('publishes nothing for a name that is proved already', async () => {
    const test = prepared({ '/authorization': [{ value: { status: 'valid' } }] })
    await test.issuer.issue()
    expect(test.records).toEqual([])
  })

  it('repeats a request whose nonce was refused, with the nonce of the refusal', async () => {
    const test = prepared({
      '/orders': [
        problem(400, 'badNonce'),
        problem(400, 'badNonce'),
        {
          headers: { location: `${base}/order` },
          value: { authorizations: [`${base}/authorization`] },
        },
      ],
    })
    await test.issuer.issue()
    expect(test.paths().filter((path) => path === 'POST /orders')).toHaveLength(3)
    expect(test.paths().filter((path) => path === 'HEAD /nonce')).toHaveLength(1)
  })

  it('does not repeat it for ever', async () => {
    const test = prepared({ '/orders': [problem(400, 'badNonce')] })
    await expect(test.issuer.issue()).rejects.toThrow(`/orders: ${problemType}badNonce: no luck`)
    expect(test.paths().filter((path) => path === 'POST /orders')).toHaveLength(11)
  })

  it('fails with the words of the authority', async () => {
    const test = prepared({ '/orders': [problem(429, 'rateLimited')] })
    await expect(test.issuer.issue()).rejects.toThrow(`/orders: ${problemType}rateLimited: no luck`)
    const broken = prepared({ '/orders': [{ status: 502, text: '<html>' }] })
    await expect(broken.issuer.issue()).rejects.toThrow('/orders: unexpected HTTP status 502')
  })

  it('waits as long as the authority wishes, within bounds', async () => {
    const pending = { status: 'pending' }
    const test = prepared({
      '/order': [
        { value: pending },
        { value: pending, headers: { 'retry-after': '7' } },
        { value: pending, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT' } },
        { value: pending, headers: { 'retry-after': '86400' } },
        { value: { status: 'ready', finalize: `${base}/finalize` } },
        { value: { status: 'valid', certificate: `${base}/certificate` } },
      ],
    })
    await test.issuer.issue()
    expect(test.hands.sleptMs).toEqual([2_000, 7_000, 11_000, 30_000])
  })

  it('gives up after two minutes without a change, and takes the record away', async () => {
    const challenge = { type: 'dns-01', url: `${base}/challenge`, token: 'token' }
    const value = { status: 'pending', challenges: [challenge], identifier }
    const test = prepared({ '/authorization': [{ value }] })
    await expect(test.issuer.issue()).rejects.toThrow('still pending after 120 s')
    expect(test.hands.sleptMs).toHaveLength(60)
    expect(test.records.at(-1)).toBe('remove _acme-challenge.mail.example.test')
  })

  it('says why an order came to nothing', async () => {
    const error = { type: `${problemType}caa`, detail: 'CAA forbids it' }
    const test = prepared({ '/order': [{ value: { status: 'invalid', error } }] })
    await expect(test.issuer.issue()).rejects.toThrow(
      `order is invalid: ${problemType}caa: CAA forbids it`,
    )
  })

  it('needs a dns-01 challenge', async () => {
    const test = prepared({
      '/authorization': [{ value: { status: 'pending', identifier, challenges: [] } }],
    })
    await expect(test.issuer.issue()).rejects.toThrow('no dns-01 challenge')
  })
})
