import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HEADER_JUDGED_BYTES_MAX } from '#services/authentication/arriving-header.ts'
import { ArrivingSignatures } from '#services/authentication/arriving-signatures.ts'
import { mailauthResolver } from '#services/authentication/mailauth-resolver.ts'
import {
  checkSignatures,
  DKIM_SIGNATURES_MAX,
  FROM_BYTES_MAX,
  KEY_RECORD_BYTES_MAX,
  loadMailauth,
  SIGNATURE_BLANKS_MAX,
  SIGNATURE_BYTES_MAX,
} from '#services/authentication/signatures.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'
import {
  arcSealed,
  dkimSigned,
  dkimSignedAs,
  keyRecord,
  keyZone,
} from '#test/support/signed-message.ts'

const mailauth = await loadMailauth()
const NOW = new Date('2026-11-20T12:00:00Z')

async function check(
  message: string,
  zone: FakeZone,
  { pieceBytes = Number.POSITIVE_INFINITY, now = NOW } = {},
) {
  const dns = createFakeResolver(zone)
  const resolver = mailauthResolver(dns)
  const arriving = new ArrivingSignatures((fields) =>
    checkSignatures(mailauth, fields, resolver, now),
  )
  const bytes = Buffer.from(message, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes))
    arriving.push(piece)
    // Somebody else's afterwards.
    piece.fill(0)
  }
  arriving.finish()
  const { notJudged } = arriving
  return { ...(await arriving.signatures()), notJudged, questions: dns.questions }
}

const resultsOf = async (...given: Parameters<typeof check>) =>
  (await check(...given)).dkim.map(({ result, reason }) =>
    reason ? `${result}: ${reason}` : result,
  )

const vector = (name: string) =>
  readFileSync(new URL(`../../../fixtures/vectors/${name}`, import.meta.url), 'latin1').replace(
    /\n/g,
    '\r\n',
  )

const message = [
  'From: Ann <ann@author.test>',
  'To: bob@example.test',
  'Subject: a  folded',
  '\tsubject',
  'Date: Fri, 20 Nov 2026 12:00:00 +0000',
  'Message-ID: <1@author.test>',
  '',
  'Hello  there \t',
  '',
  ' .',
  '',
  '',
].join('\r\n')
const zone = keyZone('author.test')

describe('RFC 8463 A.3', () => {
  const keys: FakeZone = {
    'brisbane._domainkey.football.example.com': {
      txt: ['v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
    },
    'test._domainkey.football.example.com': {
      txt: [
        'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
      ],
    },
  }

  it.each([1, 5, 64, Number.POSITIVE_INFINITY])(
    'has two good signatures, in pieces of %d bytes',
    async (pieceBytes) => {
      const { dkim } = await check(vector('rfc8463.eml'), keys, { pieceBytes })
      expect(dkim.map(({ result, algorithm, domain }) => [result, algorithm, domain])).toEqual([
        ['pass', 'ed25519-sha256', 'football.example.com'],
        ['pass', 'rsa-sha256', 'football.example.com'],
      ])
    },
  )

  it('has none once a word of its body is another', async () => {
    const other = vector('rfc8463.eml').replace('lost', 'won')
    expect(await resultsOf(other, keys)).toEqual(Array(2).fill('fail: body hash did not verify'))
  })
})

// As it was signed: the page of the RFC has one blank less before each fold, and one more between the sentences of its body.
it('RFC 6376 A.2 has a good signature', async () => {
  const keys: FakeZone = {
    'brisbane._domainkey.example.com': {
      txt: [
        'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB',
      ],
    },
  }
  expect(await resultsOf(vector('rfc6376.eml'), keys)).toEqual(['pass'])
})

describe('a signature', () => {
  it.each([1, 3, 100, Number.POSITIVE_INFINITY])(
    'of another implementation is good, in pieces of %d bytes',
    async (pieceBytes) => {
      const signed = await dkimSigned(message, 'author.test')
      expect(await resultsOf(signed, zone, { pieceBytes })).toEqual(['pass'])
    },
  )

  it.each(['simple/simple', 'simple/relaxed', 'relaxed/simple', 'relaxed/relaxed'])(
    'in the form %s is good',
    async (canonicalization) => {
      const signed = await dkimSignedAs(message, 'author.test', { canonicalization })
      expect(await resultsOf(signed, zone, { pieceBytes: 10 })).toEqual(['pass'])
    },
  )

  it('covers fields that we leave out of what is stored: it is checked as it was sent', async () => {
    const withBcc = message.replace('To:', 'Bcc: c@example.test\r\nReturn-Path: <a@b.test>\r\nTo:')
    const headerList = 'from:bcc:return-path:subject'
    const signed = await dkimSignedAs(withBcc, 'author.test', { headerList })
    expect(signed).toMatch(/h=[^;]*Bcc/)
    expect(await resultsOf(signed, zone)).toEqual(['pass'])
  })

  it('of a part of the body is none for us where there is more (RFC 6376 §8.2)', async () => {
    const signed = await dkimSignedAs(message, 'author.test', { maxBodyLength: 5 })
    expect(signed).toMatch(/l=5/)
    expect(await resultsOf(signed, zone)).toEqual(['policy: body signed in part'])
    expect(await resultsOf(`${signed}Buy!\r\n`, zone)).toEqual(['policy: body signed in part'])
  })

  it('of the whole body with its length is good', async () => {
    const signed = await dkimSignedAs(message, 'author.test', { maxBodyLength: 100_000 })
    expect(await resultsOf(signed, zone)).toEqual(['pass'])
    expect(await resultsOf(`${signed}Buy!\r\n`, zone)).toEqual(['policy: body signed in part'])
  })

  it('of a short key or by SHA-1 proves nothing (RFC 8301)', async () => {
    const weak = await dkimSignedAs(message, 'author.test', { key: 'weak' })
    expect(await resultsOf(weak, keyZone('author.test', 'weak'))).toEqual(['policy'])
    const sha1 = await dkimSignedAs(message, 'author.test', { algorithm: 'rsa-sha1' })
    expect(await resultsOf(sha1, zone)).toEqual(['policy: weak algorithm'])
  })

  it('whose key has a larger exponent than keys have is not looked at', async () => {
    const record = (exponentBits: number) => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
      const e = ((1n << BigInt(exponentBits - 1)) + 1n).toString(16).padStart(128, '0')
      const jwk = {
        ...publicKey.export({ format: 'jwk' }),
        e: Buffer.from(e, 'hex').toString('base64url'),
      }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const der = key.export({ type: 'spki', format: 'der' })
      return { 's._domainkey.author.test': { txt: [`v=DKIM1; p=${der.toString('base64')}`] } }
    }
    const signed = await dkimSigned(message, 'author.test')
    expect(await resultsOf(signed, record(64))).toEqual(['fail: bad signature'])
    expect(await resultsOf(signed, record(65))).toEqual(['neutral: invalid public key'])
  })

  it('whose key is larger than keys have to be is not looked at (RFC 8301 §3.2)', async () => {
    const signed = await dkimSigned(message, 'author.test')
    const withNote = (bytes: number): FakeZone => {
      const record = `${keyRecord()}; n=`
      return { 's._domainkey.author.test': { txt: [record.padEnd(bytes, 'x')] } }
    }
    expect(await resultsOf(signed, withNote(KEY_RECORD_BYTES_MAX))).toEqual(['pass'])
    expect(await resultsOf(signed, withNote(KEY_RECORD_BYTES_MAX + 1))).not.toContain('pass')
  })

  it('that has expired is none', async () => {
    const signTime = new Date('2026-11-01T00:00:00Z')
    const expires = new Date('2026-11-02T00:00:00Z')
    const signed = await dkimSignedAs(message, 'author.test', { signTime, expires })
    expect(await resultsOf(signed, zone)).toEqual(['neutral: expired'])
    expect(await resultsOf(signed, zone, { now: signTime })).toEqual(['pass'])
  })

  it('whose key the DNS does not tell is neither good nor bad', async () => {
    const signed = await dkimSigned(message, 'author.test')
    const [[word]] = [
      (await resultsOf(signed, { 's._domainkey.author.test': 'failure' })).join().split(':'),
    ]
    expect(word).toBe('temperror')
    expect(await resultsOf(signed, {})).not.toContain('pass')
  })

  it('does not cover what a second From says', async () => {
    const signed = await dkimSigned(message, 'author.test')
    const { fromFields, from } = await check(`From: evil@bank.test\r\n${signed}`, zone)
    expect([fromFields, from]).toEqual([2, ['evil@bank.test', 'ann@author.test']])
  })
})

describe('a message that is to cost much', () => {
  it(`with a thousand signatures has the first ${DKIM_SIGNATURES_MAX} looked at`, async () => {
    const one = (i: number) => `DKIM-Signature: v=1; d=d${i}.test; s=s\r\n`
    const many = Array.from({ length: 1_000 }, (_, i) => one(i)).join('')
    const { dkim, ignored, questions } = await check(many + message, {})
    expect([dkim.length, ignored]).toEqual([DKIM_SIGNATURES_MAX, 1_000 - DKIM_SIGNATURES_MAX])
    expect(questions.length).toBeLessThanOrEqual(DKIM_SIGNATURES_MAX)
  })

  it('with a good signature behind many others has no pass of it', async () => {
    const signed = await dkimSigned(message, 'author.test')
    const others = (count: number) => 'DKIM-Signature: v=1\r\n'.repeat(count)
    expect(await resultsOf(others(DKIM_SIGNATURES_MAX - 1) + signed, zone)).toContain('pass')
    expect(await resultsOf(others(DKIM_SIGNATURES_MAX) + signed, zone)).not.toContain('pass')
  })

  it('with signatures that are very long has them not looked at', async () => {
    const long = (bytes: number) => {
      const begin = 'DKIM-Signature: v=1; a=rsa-sha256; d=d.test; s=s; bh=x; b=x; h=from:'
      return `${begin}${'x'.repeat(bytes - begin.length)}\r\n`
    }
    expect((await check(long(SIGNATURE_BYTES_MAX) + message, {})).ignored).toBe(0)
    expect((await check(long(SIGNATURE_BYTES_MAX + 1) + message, {})).ignored).toBe(1)
  })

  it.each([
    ['is longer than the limit', `X: ${'x'.repeat(HEADER_JUDGED_BYTES_MAX)}\r\n`],
    ['has very many fields', 'A: b\r\n'.repeat(3_000)],
    ['has a From field that is very long', `From: ${'a:'.repeat(FROM_BYTES_MAX / 2)}\r\n`],
    ['has very much white space', `A:${' '.repeat(2_000)}b\r\n`],
  ])('whose header %s is not judged', async (_, fields) => {
    const signed = await dkimSigned(message, 'author.test')
    const { notJudged, dkim, from, questions } = await check(fields + signed, zone, {
      pieceBytes: 1_000,
    })
    expect(notJudged).toBeDefined()
    expect([dkim, from, questions]).toEqual([[], [], []])
  })

  it('with signatures that are mostly white space has them not looked at', async () => {
    const blank = (count: number) =>
      `DKIM-Signature: v=1; a=rsa-sha256; d=d.test; s=s; bh=x; b=x; h=from;${' '.repeat(count)}x=1\r\n`
    expect((await check(blank(SIGNATURE_BLANKS_MAX) + message, {})).ignored).toBe(0)
    expect((await check(blank(SIGNATURE_BLANKS_MAX + 1) + message, {})).ignored).toBe(1)
  })

  it('that is one line of a megabyte is hashed piece by piece', async () => {
    const long = `${message}${'x '.repeat(512 * 1_024)}\r\n`
    const signed = await dkimSigned(long, 'author.test')
    expect(await resultsOf(signed, zone, { pieceBytes: 4_096 })).toEqual(['pass'])
  })
})

describe('a chain', () => {
  const results = 'dmarc=pass header.from=author.test'
  const zones = { ...zone, ...keyZone('list.test'), ...keyZone('relay.test') }

  it('that is whole tells who sealed and what each had found', async () => {
    const once = await arcSealed(message, 'list.test', results)
    const twice = await arcSealed(
      once,
      'relay.test',
      'arc=pass; dmarc=fail header.from=author.test',
      'pass',
    )
    const { arc } = await check(twice, zones)
    expect(arc).toEqual({
      result: 'pass',
      coversFrom: true,
      sets: [
        { sealer: 'list.test', dmarc: { result: 'pass', from: 'author.test' } },
        { sealer: 'relay.test', dmarc: { result: 'fail', from: 'author.test' } },
      ],
    })
  })

  it('is broken by a change of the message', async () => {
    const sealed = await arcSealed(message, 'list.test', results)
    expect((await check(sealed.replace('Hello', 'Hallo'), zones)).arc).toMatchObject({
      result: 'fail',
      sets: [],
    })
  })

  it('is none where nobody sealed', async () => {
    expect((await check(message, zones)).arc.result).toBe('none')
  })
})

describe('a message that is no proper one', () => {
  it.each([
    ['is empty', ''],
    ['is only a header', 'From: ann@author.test'],
    ['is only a body', '\r\nHello\r\n'],
    ['begins with text', 'Hello\r\nFrom: ann@author.test\r\n'],
    ['begins with lines of an mbox', 'From ann Fri Nov 20\r\n>From bob\r\nSubject: a\r\n\r\nx'],
  ])('%s', async (_, odd) => {
    for (const pieceBytes of [1, 100]) {
      const { dkim, arc } = await check(odd, {}, { pieceBytes })
      expect([dkim, arc.result]).toEqual([[], 'none'])
    }
  })

  it('has its body begin at the first line that is no field, as readers see it', async () => {
    const odd = 'Subject: a\r\nno field\r\nFrom: evil@bank.test\r\n\r\nx\r\n'
    expect((await check(odd, {})).from).toEqual([])
  })
})
