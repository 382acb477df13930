import { describe, expect, it } from 'vitest'
import { createTargets } from '#shared/net/targets.ts'

const own = new Set([
  Buffer.from([198, 51, 100, 7]).toString('hex'),
  '20010db8000000000000000000000007',
])
const targets = createTargets([], () => own)

describe('createTargets', () => {
  it.each([
    ['own', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::']],
    ['own', ['198.51.100.7', '2001:db8::7', '2001:DB8:0:0::7']],
    ['own', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:198.51.100.7', '::127.0.0.1']],
    ['own', ['64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '2002:7f00:1::1', '2002:c633:6407::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1']],
    ['private', ['169.254.169.254', '224.0.0.1', '255.255.255.255', '240.0.0.1', '198.18.0.1']],
    ['private', ['fc00::1', 'fd12::1', 'fe80::1', 'febf::1', 'fec0::1', 'ff02::1']],
    ['private', ['::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::', '2002:a9fe:a9fe::1']],
    ['private', ['fe80::1%eth0', '::1%lo', 'no address', '']],
    ['public', ['192.0.2.1', '198.51.100.8', '172.32.0.1', '100.128.0.1', '11.0.0.1', '8.8.8.8']],
    ['public', ['2001:db8::8', '2606:4700::1111', '64:ff9b::808:808', '2002:808:808::1']],
  ])('%s: %s', (kind, addresses) => {
    for (const address of addresses) expect(targets(address), address).toBe(kind)
  })

  it('allows what it was told to', () => {
    const some = createTargets(['10.1.0.0/16', '127.0.0.1'], () => own)
    expect(some('10.1.2.3')).toBe('public')
    expect(some('10.2.2.3')).toBe('private')
    expect(some('127.0.0.1')).toBe('public')
    expect(some('::ffff:127.0.0.1')).toBe('public')
    expect(some('127.0.0.2')).toBe('own')
  })

  it('knows the addresses of this machine', () => {
    expect(createTargets([])('127.0.0.1')).toBe('own')
  })
})
