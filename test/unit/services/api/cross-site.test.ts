// Whose request it is that a browser sends: a page of ours asks for changes, other sites' pages for nothing, and no secret goes in clear.

import { describe, expect, it } from 'vitest'
import { CSRF_HEADER, createAuthenticate } from '#services/api/authenticate.ts'
import type { Session } from '#shared/identity/sessions.ts'
import { owner } from '#test/support/api.ts'

const authenticate = createAuthenticate({
  identities: {
    ofCookie: async () => ({
      ...{ actor: { ...owner, via: 'cookie' }, account: null, token: null },
      session: {} as Session,
    }),
    ofToken: async () => ({ actor: owner, account: null, session: null, token: null }),
  },
  rates: { take: () => true, left: () => 1 },
  settings: () => ({ apiRequestsPerMinute: 1, apiRequestsPerMinutePerNetwork: 1 }),
})

type Headers = { readonly [name: string]: string }
const cookie = { cookie: '__Host-postwolke=x' }
const ours = { [CSRF_HEADER]: '1', 'sec-fetch-site': 'same-origin' }

async function told(
  headers: Headers,
  { method = 'POST', isOpen = false, isSecure = true, address = '192.0.2.1' } = {},
): Promise<string> {
  const request = new Request('https://mx.example.test/api/v1/x', { method, headers })
  const answer = await authenticate(request, { address, isSecure }, { isOpen })
  return answer.kind === 'refused' ? answer.code : answer.kind
}

describe('a change by a cookie', () => {
  it.each<[what: string, headers: Headers, expected: string]>([
    ['of our page', ours, 'actor'],
    ['of a browser that says where from alone', { ...origin('mx.example.test') }, 'actor'],
    ['without our header', { 'sec-fetch-site': 'same-origin' }, 'cross-site'],
    ['that does not say where from', { [CSRF_HEADER]: '1' }, 'cross-site'],
    ['of another site', { ...ours, 'sec-fetch-site': 'cross-site' }, 'cross-site'],
    ['of a neighbour', { ...ours, 'sec-fetch-site': 'same-site' }, 'cross-site'],
    ['that was typed in', { ...ours, 'sec-fetch-site': 'none' }, 'cross-site'],
    ['of another host', { ...origin('mx.example.test.evil.test') }, 'cross-site'],
    ['of another port', { ...origin('mx.example.test:8443') }, 'cross-site'],
    ['of nowhere', { [CSRF_HEADER]: '1', origin: 'null' }, 'cross-site'],
  ])('%s: %j is %s', async (_, headers, expected) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(await told({ ...cookie, ...headers }, { method }), method).toBe(expected)
    }
  })

  it('is one only where it changes something, and where it is a cookie', async () => {
    for (const method of ['GET', 'HEAD']) expect(await told(cookie, { method })).toBe('actor')
    expect(await told({ authorization: 'Bearer x' })).toBe('actor')
  })
})

it('signing in is nothing that another site may have somebody do', async () => {
  expect(await told({}, { isOpen: true })).toBe('nobody')
  expect(await told(ours, { isOpen: true })).toBe('nobody')
  expect(await told({ 'sec-fetch-site': 'cross-site' }, { isOpen: true })).toBe('cross-site')
  expect(await told({ origin: 'https://evil.test' }, { isOpen: true })).toBe('cross-site')
})

it('nobody is known by what came in clear, but from this machine', async () => {
  for (const headers of [{ ...cookie, ...ours }, { authorization: 'Bearer x' }, {}]) {
    expect(await told(headers, { isSecure: false })).toBe('tls-required')
    expect(await told(headers, { isSecure: false, isOpen: true })).toBe('tls-required')
  }
  const here = { isSecure: false, address: '127.0.0.1' }
  expect(await told({ authorization: 'Bearer x' }, here)).toBe('actor')
})

function origin(host: string): Headers {
  return { [CSRF_HEADER]: '1', origin: `https://${host}` }
}
