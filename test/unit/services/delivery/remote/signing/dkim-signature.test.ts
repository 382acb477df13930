import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  folded,
  signatureField,
  signatureOf,
  wrapped,
} from '#services/delivery/remote/signing/dkim-signature.ts'
import {
  canonicalFields,
  relaxed,
  signedFields,
} from '#services/delivery/remote/signing/signed-header.ts'
import { makePrivateKey } from '#shared/directory/signing-key.ts'

// RFC 8463, appendix A.
const ed25519 = createPrivateKey({
  key: Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64'),
  ]),
  format: 'der',
  type: 'pkcs8',
})
const rsa = createPrivateKey(`-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----`)

const crlf = (text: string) => text.replaceAll('\n', '\r\n')

const header = crlf(`From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>
`)

const examples = [
  {
    algorithm: 'ed25519',
    key: ed25519,
    unsigned: ` v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=`,
    signature:
      '/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  },
  {
    algorithm: 'rsa',
    key: rsa,
    unsigned: ` v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=`,
    signature:
      'F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
  },
] as const

describe('a signature', () => {
  it.each(examples)(
    'is that of RFC 8463, appendix A: $algorithm',
    async ({ unsigned, ...example }) => {
      const { key, algorithm, signature } = example
      const names = 'from to subject date message-id from subject date'.split(' ')
      const own = relaxed({ name: 'dkim-signature', body: crlf(unsigned) })
      const data = canonicalFields(signedFields(header), names) + own.slice(0, -2)
      const signer = { domain: 'football.example.com', selector: 's', algorithm, key }
      expect(await signatureOf(data, signer)).toBe(signature)
    },
  )

  it('stands in lines that fit everywhere, whatever their names', async () => {
    const signer = {
      domain: `${'d'.repeat(60)}.${'e'.repeat(60)}.example`,
      selector: 's'.repeat(60),
      algorithm: 'rsa',
      key: await makePrivateKey('rsa'),
    } as const
    const names = Array<string>(40).fill('content-transfer-encoding')
    const facts = {
      name: 'DKIM-Signature',
      first: 'v=1',
      bodyHash: 'x'.repeat(44),
      atMs: 1,
    } as const
    const field = await signatureField({ ...facts, names, canonical: '' }, signer)
    const lines = field.split('\r\n')
    expect(lines.at(-1)).toBe('')
    // A domain cannot be folded.
    expect(lines.filter((line) => line.length > 78)).toEqual([
      expect.stringMatching(/^\td=d+\.e+\.example;/),
    ])
    expect(lines.slice(1, -1).every((line) => line.startsWith('\t') && line.trim() !== '')).toBe(
      true,
    )
  })

  it('is cut in pieces that add up', () => {
    for (const length of [1, 37, 38, 39, 88, 344, 684]) {
      const text = 'x'.repeat(length)
      expect(wrapped(text).replace(/\s/g, '')).toBe(text)
    }
    expect(folded(['a', 'b=1', 'c'])).toBe(' a; b=1; c')
  })
})
