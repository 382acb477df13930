import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { HostSecurity, Proof, TlsTerms } from '#services/delivery/remote/tls/host-security.ts'
import { cipherList } from '#services/delivery/remote/tls/levels.ts'
import { createTlsSessions, TLS_SESSION_LIFE_MS } from '#services/delivery/remote/tls/sessions.ts'
import { createTlsClient, type TlsSecurity } from '#services/delivery/remote/tls/tls-client.ts'
import type { TlsaRecord } from '#services/delivery/remote/tls/tlsa.ts'
import type { TlsOutcome } from '#shared/contracts/tls-report.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { createAuthority } from '#test/support/certificate-authority.ts'
import { clientPair } from '#test/support/client-certificate.ts'
import { connectTo, openRudeHost, openTlsHost, type TlsHost } from '#test/support/tls-hosts.ts'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})
const tlsHost = async (options: TlsOptions) => stack.use(await openTlsHost(options))

const authority = createAuthority()
const other = createAuthority('Other Authority')
const middle = authority.issueAuthority('Middle')
const YEAR_MS = 365 * 86_400_000
const NAME = 'mx.there.test'

const good = authority.issue([NAME])
const pairs = {
  good,
  wildcard: authority.issue(['*.there.test']),
  'of another name': authority.issue(['mx.elsewhere.test']),
  expired: authority.issue([NAME], { notAfter: new Date(Date.now() - 1_000) }),
  'not valid yet': authority.issue([NAME], {
    notBefore: new Date(Date.now() + YEAR_MS),
    notAfter: new Date(Date.now() + 2 * YEAR_MS),
  }),
  'of another authority': other.issue([NAME]),
  'self-signed': makeSelfSigned(NAME, new Date()),
  'without its authority': middle.issue([NAME]),
  'with its authority': withChain(middle.issue([NAME]), middle.cert),
} as const

function withChain({ cert, key }: { readonly cert: string; readonly key: string }, chain: string) {
  return { cert: cert + chain, key }
}

const terms: TlsTerms = {
  servername: NAME,
  protocols: { min: 'TLSv1.2', max: 'TLSv1.3' },
  ciphers: cipherList('medium', true),
  ca: authority.cert,
  clientCertificate: undefined,
  policy: 'smtpTlsPolicyMaps for there.test: secure',
  requireTls: false,
  reported: [],
  tested: undefined,
}
const required = (proof: Proof, changes: Partial<TlsTerms> = {}): TlsSecurity => ({
  kind: 'required',
  proof,
  terms: { ...terms, ...changes },
})
const opportunistic = (mayBeClear: boolean, changes: Partial<TlsTerms> = {}): TlsSecurity => ({
  kind: 'opportunistic',
  mayBeClear,
  terms: { ...terms, ciphers: cipherList('medium', false), ...changes },
})
const named: Proof = { kind: 'names', names: [NAME] }

function client(clock = { now: () => Date.now() }) {
  const told: TlsOutcome[] = []
  const tls = createTlsClient({
    sessions: createTlsSessions(clock),
    reports: { note: (outcome) => void told.push(outcome) },
    clock,
  })
  return {
    tls,
    told,
    async shake(host: TlsHost, security: TlsSecurity, timeoutMs = 5_000) {
      const socket = await connectTo(host)
      stack.defer(() => void socket.destroy())
      const done = await tls.shakeHands(socket, security, peerAt(host), { timeoutMs })
      if (done.kind === 'protected') {
        await once(done.socket, 'data')
        done.socket.destroy()
      }
      return done
    },
  }
}

const peerAt = ({ port }: TlsHost) => ({ host: NAME, address: '127.0.0.1', port })

describe('who is on the other side', () => {
  it.each([
    ['good', 'Verified'],
    ['wildcard', 'Verified'],
    ['with its authority', 'Verified'],
    ['of another name', 'not verified: .*is not for mx.there.test'],
    ['expired', 'not trusted: .*has expired'],
    ['not valid yet', 'not trusted: .*not valid yet'],
    ['of another authority', 'not trusted: '],
    ['self-signed', 'not trusted: .*self-signed'],
    ['without its authority', 'not trusted: '],
  ] as const)('with a certificate %s, must be one of a name: %s', async (pair, expected) => {
    const host = await tlsHost(pairs[pair])
    const done = await client().shake(host, required(named))
    if (done.kind === 'protected') expect(done.verdict).toBe(expected)
    else {
      expect(done).toMatchObject({
        failure: { kind: 'deferred', status: '4.7.5' },
        mayBeClear: false,
      })
      expect(done.failure.reply).toMatch(new RegExp(expected))
      expect(done.failure.reply).toContain(`host mx.there.test[127.0.0.1]:${host.port}`)
      expect(done.failure.reply).toContain('(smtpTlsPolicyMaps for there.test: secure)')
    }
  })

  it.each([
    ['good', 'Trusted'],
    ['of another name', 'Trusted'],
    ['expired', 'Untrusted'],
    ['self-signed', 'Untrusted'],
  ] as const)('with a certificate %s, may be anybody: %s', async (pair, verdict) => {
    const host = await tlsHost(pairs[pair])
    for (const security of [opportunistic(false), required({ kind: 'nothing' })]) {
      expect(await client().shake(host, security)).toMatchObject({ kind: 'protected', verdict })
    }
  })

  it('may have no certificate at all, where it may be anybody', async () => {
    const host = await tlsHost({
      ciphers: 'ADH-AES128-SHA256:@SECLEVEL=0',
      maxVersion: 'TLSv1.2',
      dhparam: 'auto',
    })
    expect(await client().shake(host, opportunistic(false))).toMatchObject({
      kind: 'protected',
      verdict: 'Anonymous',
      summary: 'Anonymous TLSv1.2 with cipher ADH-AES128-SHA256 (128/128 bits)',
    })
    expect(await client().shake(host, required(named))).toMatchObject({ kind: 'broken' })
  })

  it.each([
    ['.there.test', 'good', true],
    ['.there.test', 'wildcard', true],
    ['.mx.there.test', 'good', false],
    ['.there.test', 'of another name', false],
    ['there.test', 'good', false],
  ] as const)('of %s with a certificate %s: %s', async (name, pair, isProven) => {
    const host = await tlsHost(pairs[pair])
    const done = await client().shake(host, required({ kind: 'names', names: ['x.test', name] }))
    expect(done.kind).toBe(isProven ? 'protected' : 'broken')
  })

  it.each(['certificate', 'public key'] as const)(
    'is known by the fingerprint of its %s',
    async (of) => {
      const host = await tlsHost(pairs['self-signed'])
      const x509 = new X509Certificate(pairs['self-signed'].cert)
      const bytes =
        of === 'certificate' ? x509.raw : x509.publicKey.export({ type: 'spki', format: 'der' })
      const fingerprint = createHash('sha256').update(bytes).digest('hex')
      const known = required({ kind: 'fingerprints', fingerprints: ['00'.repeat(32), fingerprint] })
      expect(await client().shake(host, known)).toMatchObject({
        kind: 'protected',
        verdict: 'Verified',
      })
      const unknown = required({ kind: 'fingerprints', fingerprints: ['00'.repeat(32)] })
      expect(await client().shake(host, unknown)).toMatchObject({
        kind: 'broken',
        failure: { status: '4.7.5' },
      })
    },
  )
})

describe('TLSA records', () => {
  const dane = (
    records: readonly TlsaRecord[],
    changes: Partial<Extract<Proof, { kind: 'dane' }>> = {},
  ) =>
    required(
      { kind: 'dane', records, names: [NAME, 'there.test'], isVerified: true, ...changes },
      { ca: undefined },
    )
  const spki = (x509: X509Certificate) => x509.publicKey.export({ type: 'spki', format: 'der' })
  const sha = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest()
  const chained = middle.issue([NAME])
  const record = (
    usage: number,
    selector: number,
    matching: number,
    x509: X509Certificate,
  ): TlsaRecord => {
    const bytes = selector === 0 ? x509.raw : spki(x509)
    const data = matching === 0 ? bytes : sha(matching === 1 ? 'sha256' : 'sha512', bytes)
    return { usage, selector, matching, data }
  }

  it.each([0, 1].flatMap((selector) => [0, 1, 2].map((matching) => [selector, matching])))(
    '3 %i %i counts whatever its name and dates',
    async (selector = 0, matching = 0) => {
      const expired = createAuthority('x').issue(['other.test'], { notAfter: new Date(0) })
      const host = await tlsHost(expired)
      const own = record(3, selector, matching, expired.x509)
      expect(await client().shake(host, dane([own]))).toMatchObject({
        kind: 'protected',
        verdict: 'Verified',
      })
      const foreign = record(3, selector, matching, good.x509)
      expect(await client().shake(host, dane([foreign]))).toMatchObject({
        kind: 'broken',
        failure: { status: '4.7.5' },
      })
    },
  )

  it('say no more than Trusted where the way to the name is not signed', async () => {
    const host = await tlsHost(good)
    const proof = dane([record(3, 1, 1, good.x509)], { isVerified: false })
    expect(await client().shake(host, proof)).toMatchObject({
      kind: 'protected',
      verdict: 'Trusted',
    })
  })

  it.each([
    ['the root, sent', 2, authority.x509, withChain(chained, middle.cert + authority.cert), true],
    ['the one between', 2, middle.x509, withChain(chained, middle.cert), true],
    ['one that is not sent', 2, middle.x509, chained, false],
    [
      'its own certificate, which is no authority',
      2,
      chained.x509,
      withChain(chained, middle.cert),
      false,
    ],
    ['another', 2, other.x509, withChain(chained, middle.cert), false],
  ] as const)('pin an authority: %s', async (_, usage, anchor, pair, isProven) => {
    const host = await tlsHost(pair)
    const done = await client().shake(host, dane([record(usage, 0, 1, anchor)]))
    expect(done.kind).toBe(isProven ? 'protected' : 'broken')
  })

  it('pin an authority whose certificates must be for one of the names, and valid', async () => {
    const anchor = dane([record(2, 1, 2, middle.x509)])
    for (const [names, options, isProven] of [
      [['there.test'], {}, true],
      [['elsewhere.test'], {}, false],
      [[NAME], { notAfter: new Date(Date.now() - 1_000) }, false],
    ] as const) {
      const host = await tlsHost(withChain(middle.issue(names, options), middle.cert))
      expect((await client().shake(host, anchor)).kind).toBe(isProven ? 'protected' : 'broken')
    }
  })

  it('pin no authority that only bears its name, and none that may not be one', async () => {
    const forged = createAuthority('Middle').issue([NAME])
    const host = await tlsHost(withChain(forged, middle.cert))
    const anchor = dane([record(2, 0, 1, middle.x509)])
    expect((await client().shake(host, anchor)).kind).toBe('broken')
    const leaf = authority.issueAuthority('Leaf', { isAuthority: false })
    const below = await tlsHost(withChain(leaf.issue([NAME]), leaf.cert))
    expect((await client().shake(below, dane([record(2, 0, 1, leaf.x509)]))).kind).toBe('broken')
  })
})

describe('a handshake', () => {
  it('names the host, and shows the certificate it was given', async () => {
    const host = await tlsHost({ ...good, requestCert: true, rejectUnauthorized: false })
    await client().shake(host, required(named, { clientCertificate: clientPair }))
    await client().shake(host, required({ kind: 'nothing' }, { servername: undefined }))
    expect(host.sessions).toEqual([
      { servername: NAME, isResumed: false, clientSubject: 'CN=client.test' },
      { servername: false, isResumed: false, clientSubject: undefined },
    ])
  })

  it('tells how the session is protected', async () => {
    const host = await tlsHost({
      ...good,
      maxVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_256_GCM_SHA384',
    })
    expect(await client().shake(host, required(named))).toMatchObject({
      summary: 'Verified TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)',
    })
  })

  it.each(['TLSv1', 'TLSv1.1'] as const)(
    'with %s is better than clear text, and not enough where TLS must be',
    async (version) => {
      const host = await tlsHost({
        ...good,
        minVersion: 'TLSv1',
        maxVersion: version,
        ciphers: 'ALL:@SECLEVEL=0',
      })
      const old = { protocols: { min: 'TLSv1', max: 'TLSv1.3' } } as const
      expect(await client().shake(host, opportunistic(false, old))).toMatchObject({
        kind: 'protected',
      })
      expect(await client().shake(host, required({ kind: 'nothing' }))).toMatchObject({
        kind: 'broken',
      })
    },
  )

  it.each([
    ['hangs up', (socket: Socket) => socket.end()],
    [
      'breaks the connection',
      (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['says something else', (socket: Socket) => socket.write('220 go ahead, say something\r\n')],
    ['says nothing', () => undefined],
  ])('that breaks, since the host %s, puts the mail off', async (_, greet) => {
    const host = stack.use(await openRudeHost(greet))
    const timeoutMs = _ === 'says nothing' ? 50 : 5_000
    expect(await client().shake(host, opportunistic(false), timeoutMs)).toMatchObject({
      kind: 'broken',
      mayBeClear: false,
      failure: {
        kind: 'deferred',
        status: '4.7.5',
        reply: expect.stringMatching(/^Cannot start TLS with host mx\.there\.test\[/),
      },
    })
    expect(await client().shake(host, opportunistic(true), timeoutMs)).toMatchObject({
      mayBeClear: true,
    })
    expect(
      await client().shake(host, required(named, { requireTls: true }), timeoutMs),
    ).toMatchObject({
      mayBeClear: false,
      failure: { kind: 'failed', status: '5.7.10' },
    })
  })
})

describe('a session', () => {
  const twice = async (
    host: TlsHost,
    first: TlsSecurity,
    second: TlsSecurity,
    clock?: { now(): number },
  ) => {
    const { shake } = client(clock)
    const results = [await shake(host, first), await shake(host, second)]
    return results.map((done) => (done.kind === 'protected' ? done.verdict : done.failure.status))
  }
  const resumed = (host: TlsHost) => host.sessions.map(({ isResumed }) => isResumed)

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of %s is resumed, and its host is who it was',
    async (maxVersion) => {
      const host = await tlsHost({ ...good, maxVersion })
      expect(await twice(host, required(named), required(named))).toEqual(['Verified', 'Verified'])
      expect(resumed(host)).toEqual([false, true])
    },
  )

  it('is not resumed by who asks for more', async () => {
    const host = await tlsHost(pairs['self-signed'])
    const results = await twice(host, required({ kind: 'nothing' }), required(named))
    expect(results).toEqual(['Untrusted', '4.7.5'])
    expect(resumed(host)).not.toContain(true)
  })

  it('is proven again after an hour, however often it was resumed', async () => {
    let nowMs = Date.now()
    const host = await tlsHost(good)
    const { shake } = client({ now: () => nowMs })
    for (let i = 0; i < 4; i++) {
      await shake(host, required(named))
      nowMs += TLS_SESSION_LIFE_MS / 2
    }
    expect(resumed(host)).toEqual([false, true, false, true])
  })
})

describe('where STARTTLS', () => {
  const { tls, told } = client()
  const peer = { host: NAME, address: '192.0.2.1', port: 25 }
  const clear: HostSecurity = { kind: 'clear' }

  it('is not offered, the session goes on in clear, or not at all', () => {
    expect(tls.notOffered(clear, peer)).toBeUndefined()
    expect(tls.notOffered(opportunistic(false), peer)).toBeUndefined()
    expect(tls.notOffered(required(named), peer)).toEqual({
      kind: 'deferred',
      status: '4.7.4',
      reply:
        'TLS is required, but was not offered by host mx.there.test[192.0.2.1]:25 (smtpTlsPolicyMaps for there.test: secure)',
    })
    expect(tls.notOffered(required(named, { requireTls: true }), peer)).toMatchObject({
      kind: 'failed',
      status: '5.7.10',
    })
  })

  it.each([
    ['454 4.7.0 no entropy', '4.7.0'],
    ['454 TLS not available', '4.0.0'],
    ['502 5.5.1 what?', '4.5.1'],
  ])(
    'is answered with %s, the session goes on in clear, or the mail waits: %s',
    (reply, status) => {
      expect(tls.refused(opportunistic(false), peer, reply)).toBeUndefined()
      expect(tls.refused(required(named), peer, reply)).toMatchObject({ kind: 'deferred', status })
      expect(tls.refused(required(named, { requireTls: true }), peer, reply)).toMatchObject({
        kind: 'failed',
        status: '5.7.10',
      })
    },
  )

  it('works and REQUIRETLS is not offered, the message is returned', () => {
    expect(tls.withoutRequireTls(peer)).toMatchObject({ kind: 'failed', status: '5.7.30' })
    expect(told).toEqual([])
  })
})

describe('what is told to a domain', () => {
  const policy = { type: 'sts', domain: 'there.test', strings: [], mxHosts: [NAME] } as const
  const toldOf = async (options: TlsOptions, security: TlsSecurity) => {
    const { shake, told } = client()
    await shake(await tlsHost(options), security)
    return told
  }

  it.each([
    ['good', 'success'],
    ['of another name', 'certificate-host-mismatch'],
    ['expired', 'certificate-expired'],
    ['self-signed', 'certificate-not-trusted'],
  ] as const)('of a certificate %s: %s, also where it is only tested', async (pair, result) => {
    const enforced = required(named, { reported: [policy] })
    const tested = opportunistic(false, { reported: [policy], tested: named })
    for (const security of [enforced, tested]) {
      const told = await toldOf(pairs[pair], security)
      expect(told).toMatchObject([
        { result, host: NAME, address: '127.0.0.1', localAddress: '127.0.0.1', policy },
      ])
    }
  })

  it('of a host without TLS', () => {
    const { tls, told } = client()
    tls.notOffered(opportunistic(false, { reported: [policy] }), {
      host: NAME,
      address: '192.0.2.1',
      port: 25,
    })
    expect(told).toMatchObject([{ result: 'starttls-not-supported', address: '192.0.2.1' }])
  })

  it('of a session without a policy: nothing', async () => {
    expect(await toldOf(good, opportunistic(false))).toEqual([])
  })
})
