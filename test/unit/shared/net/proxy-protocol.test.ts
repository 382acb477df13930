import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from '#shared/net/crc32c.ts'
import {
  PROXY_HEADER_BYTES_MAX,
  ProxyHeaderParser,
  type ProxyHeaderProgress,
} from '#shared/net/proxy-protocol.ts'
import { localHeader, proxyHeader, rawHeader, SIGNATURE, tlv } from '#test/support/proxy-header.ts'

function parse(bytes: Uint8Array): ProxyHeaderProgress {
  return new ProxyHeaderParser().push(bytes)
}

/** What the parser says after each byte. */
function trickle(bytes: Uint8Array): readonly ProxyHeaderProgress[] {
  const parser = new ProxyHeaderParser()
  return [...bytes].map((byte) => parser.push(Uint8Array.of(byte)))
}

const four = {
  source: { address: '203.0.113.5', port: 40_001 },
  destination: { address: '198.51.100.7', port: 993 },
}
const six = {
  source: { address: '2001:db8::a:5', port: 65_535 },
  destination: { address: '2001:db8:1::', port: 25 },
}
const mapped = {
  source: { address: '::ffff:203.0.113.5', port: 7 },
  destination: { address: '2001:db8::1', port: 25 },
}
const noAddresses = { source: undefined, destination: undefined }
const noop = tlv(0x04, Buffer.alloc(9))

/** A header as a network load balancer sent it, with checksum, the name of a VPC endpoint and padding. */
const recorded = Buffer.from(
  '0d0a0d0a000d0a515549540a21110054ac1f0771ac1f0a1fc8f200500300 04e8d6892dea0017'.replace(' ', '') +
    `01${Buffer.from('vpce-08d2bf15fac5001c9').toString('hex')}040024${'00'.repeat(36)}`,
  'hex',
)

const unix = (length: number) =>
  rawHeader({ versionAndCommand: 0x21, family: 0x31, block: Buffer.alloc(length) })

describe('a header', () => {
  it.each([
    ['for an IPv4 client', proxyHeader(four), { command: 'proxy', ...four, bytes: 28 }],
    ['for an IPv6 client', proxyHeader(six), { command: 'proxy', ...six, bytes: 52 }],
    [
      'with a mapped address, which is an IPv4 address',
      proxyHeader(mapped),
      {
        command: 'proxy',
        source: { address: '203.0.113.5', port: 7 },
        destination: mapped.destination,
        bytes: 52,
      },
    ],
    [
      'with additional fields, which are skipped',
      proxyHeader({
        ...four,
        tlvs: [noop, tlv(0xea, Buffer.from('vpce')), tlv(0x20, Buffer.alloc(0))],
      }),
      { command: 'proxy', ...four, bytes: 28 + 12 + 7 + 3 },
    ],
    [
      'with a checksum',
      proxyHeader({ ...six, tlvs: [noop], checksum: true }),
      { command: 'proxy', ...six, bytes: 52 + 12 + 7 },
    ],
    [
      'of a real load balancer',
      recorded,
      {
        command: 'proxy',
        source: { address: '172.31.7.113', port: 51_442 },
        destination: { address: '172.31.10.31', port: 80 },
        bytes: 100,
      },
    ],
    ['of a health check', localHeader(), { command: 'local', ...noAddresses, bytes: 16 }],
    [
      'of a health check with addresses, which do not count',
      rawHeader({ versionAndCommand: 0x20, family: 0x11, block: Buffer.from('any') }),
      { command: 'local', ...noAddresses, bytes: 19 },
    ],
    [
      'without addresses, whatever follows',
      rawHeader({ versionAndCommand: 0x21, family: 0x00, block: Buffer.from('any') }),
      { command: 'proxy', ...noAddresses, bytes: 19 },
    ],
    ['for a unix socket', unix(216), { command: 'proxy', ...noAddresses, bytes: 232 }],
    [
      'for datagrams, which no mail server gets',
      rawHeader({ versionAndCommand: 0x21, family: 0x12, block: Buffer.alloc(12) }),
      { command: 'proxy', ...noAddresses, bytes: 28 },
    ],
  ] as const)('%s', (_, bytes, expected) => {
    expect(parse(bytes)).toEqual({ kind: 'header', ...expected })
  })

  it('is whole with its last byte, in any chunking', () => {
    for (const bytes of [proxyHeader({ ...four, checksum: true }), localHeader(), recorded]) {
      const progress = trickle(bytes)
      expect(progress.slice(0, -1).every(({ kind }) => kind === 'incomplete')).toBe(true)
      expect(progress.at(-1)).toEqual(parse(bytes))
    }
  })

  it('leaves what follows it', () => {
    const parser = new ProxyHeaderParser()
    const bytes = proxyHeader(four)
    parser.push(bytes.subarray(0, 20))
    expect(parser.rest).toHaveLength(0)
    parser.push(Buffer.concat([bytes.subarray(20), Buffer.from('EHLO x\r\n')]))
    expect(parser.rest.toString()).toBe('EHLO x\r\n')
  })

  it('may be as long as the limit, and not one byte longer', () => {
    const fill = (bytes: number) =>
      proxyHeader({ ...four, tlvs: [tlv(0x04, Buffer.alloc(bytes - 28 - 3))] })
    expect(parse(fill(PROXY_HEADER_BYTES_MAX))).toMatchObject({ kind: 'header', bytes: 4_096 })
    const longer = fill(PROXY_HEADER_BYTES_MAX + 1)
    // Nothing of it is waited for.
    expect(parse(longer.subarray(0, 16))).toEqual({
      kind: 'invalid',
      reason: 'header of 4097 bytes, more than 4096',
    })
  })
})

const wrongChecksum = proxyHeader({ ...four, checksum: true })
wrongChecksum[20] = 1
const cutTlv = (extra: string) =>
  rawHeader({
    versionAndCommand: 0x21,
    family: 0x11,
    block: Buffer.concat([Buffer.alloc(12), Buffer.from(extra, 'hex')]),
  })

describe('is refused', () => {
  it.each([
    [
      'version 1',
      Buffer.from('PROXY TCP4 203.0.113.5 '),
      'version 1 is not spoken, only version 2',
    ],
    [
      'version 3',
      rawHeader({ versionAndCommand: 0x31, family: 0, block: Buffer.alloc(0) }),
      'version 3 is not spoken, only version 2',
    ],
    ['no header: SMTP', Buffer.from('EHLO x\r\n'), 'no PROXY header'],
    ['no header: TLS', Buffer.from('160301', 'hex'), 'no PROXY header'],
    ['no header: almost', Buffer.from('\r\n\r\n\0\r\nQUIT\r', 'latin1'), 'no PROXY header'],
    ['no header: POST', Buffer.from('POST'), 'no PROXY header'],
    [
      'a command without meaning',
      rawHeader({ versionAndCommand: 0x22, family: 0x11, block: Buffer.alloc(12) }),
      'unknown command 2',
    ],
    [
      'a family without meaning',
      rawHeader({ versionAndCommand: 0x21, family: 0x41, block: Buffer.alloc(12) }),
      'unknown address family 4',
    ],
    [
      'a transport without meaning',
      rawHeader({ versionAndCommand: 0x21, family: 0x13, block: Buffer.alloc(12) }),
      'unknown transport 3',
    ],
    [
      'IPv4 addresses cut short',
      rawHeader({ versionAndCommand: 0x21, family: 0x11, block: Buffer.alloc(11) }),
      'too short for its addresses',
    ],
    [
      'IPv6 addresses cut short',
      rawHeader({ versionAndCommand: 0x21, family: 0x21, block: Buffer.alloc(35) }),
      'too short for its addresses',
    ],
    ['unix addresses cut short', unix(215), 'too short for its addresses'],
    ['an additional field cut off', cutTlv('0400'), 'additional field cut off'],
    ['an additional field too long', cutTlv('04000200'), 'additional field longer than the header'],
    ['a wrong checksum', wrongChecksum, 'wrong checksum'],
    ['a checksum of another length', cutTlv('030003000000'), 'wrong checksum'],
  ])('%s', (_, bytes, reason) => {
    const refusal = { kind: 'invalid', reason }
    expect(parse(bytes)).toEqual(refusal)
    expect(trickle(bytes).at(-1)).toEqual(refusal)
  })
})

describe('any bytes', () => {
  const noise = fc.uint8Array({ maxLength: 80 })
  /** Almost a header: the fixed part is mostly right. */
  const nearly = fc
    .tuple(
      fc.constantFrom(0x20, 0x21, 0x22, 0x11),
      fc.constantFrom(0x00, 0x11, 0x12, 0x21, 0x31, 0x55),
      fc.integer({ min: 0, max: 60 }),
      noise,
    )
    .map(([command, family, length, rest]) =>
      Buffer.concat([SIGNATURE, Buffer.from([command, family, 0, length]), rest]),
    )

  it('never throw, and mean the same in any chunking', () => {
    fc.assert(
      fc.property(fc.oneof(noise, nearly), fc.nat(100), (bytes, cut) => {
        const whole = parse(bytes)
        const parser = new ProxyHeaderParser()
        parser.push(bytes.subarray(0, cut))
        expect(parser.push(bytes.subarray(cut))).toEqual(whole)
        expect(trickle(bytes).at(-1) ?? { kind: 'incomplete' }).toEqual(whole)
      }),
    )
  })

  it('behind a header change nothing', () => {
    fc.assert(
      fc.property(nearly, noise, (bytes, behind) => {
        const alone = parse(bytes)
        if (alone.kind !== 'header') return
        const parser = new ProxyHeaderParser()
        expect(parser.push(Buffer.concat([bytes.subarray(0, alone.bytes), behind]))).toEqual(alone)
        expect(Buffer.compare(parser.rest, behind)).toBe(0)
      }),
    )
  })

  it('of a client arrive as they were sent', () => {
    const port = fc.nat(65_535)
    const client = (address: fc.Arbitrary<string>) => fc.record({ address, port })
    const pair = (address: fc.Arbitrary<string>) =>
      fc.record({ source: client(address), destination: client(address) })
    fc.assert(
      fc.property(pair(fc.ipV4()), fc.boolean(), (endpoints, checksum) => {
        expect(parse(proxyHeader({ ...endpoints, checksum }))).toMatchObject(endpoints)
      }),
    )
  })
})

describe('crc32c', () => {
  // The check value of the polynomial, and RFC 3720 appendix B.4.
  it.each([
    [Buffer.from('123456789'), 0xe306_9283],
    [Buffer.alloc(32), 0x8a91_36aa],
    [Buffer.alloc(32, 0xff), 0x62a8_ab43],
    [Buffer.alloc(0), 0],
  ])('of %o', (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })
})
