import { describe, expect, it } from 'vitest'
import { type SmtpOptions, smtpDefaults } from '#services/smtp/config.ts'
import { Paths } from '#services/smtp/paths.ts'
import { parseMailCommand } from '#shared/smtp/mail-command.ts'

const stranger = { remoteAddress: '203.0.113.5' }

function paths(options: Partial<SmtpOptions>) {
  const origin = { originDomain: 'example.test', appendedDomain: 'example.test' }
  return new Paths({ ...smtpDefaults, role: 'smtp', ...origin, ...options }, 'mx.example.test')
}

describe('Paths', () => {
  const sender = (
    options: Partial<SmtpOptions>,
    { isLoggedIn = false, path = 'root', peer = stranger } = {},
  ) => {
    const syntax = paths(options).of(peer).syntax({ isLoggedIn })
    try {
      return parseMailCommand(` FROM:<${path}>`, syntax).sender
    } catch {
      return undefined
    }
  }

  it('complete what clients of ours leave out, and nobody else', () => {
    expect(sender({})).toBeUndefined()
    expect(sender({}, { isLoggedIn: true })).toBe('root@example.test')
    expect(sender({ mynetworks: ['203.0.113.0/24'] })).toBe('root@example.test')
    expect(sender({ role: 'submission' })).toBe('root@example.test')
    expect(sender({ role: 'lmtp' })).toBe('root@example.test')
    expect(sender({}, { path: 'root@host' })).toBe('root@host')
    expect(sender({}, { path: 'root@host', isLoggedIn: true })).toBe('root@host.example.test')
  })

  it('leave an address that is too long when completed as it is', () => {
    const path = `${'a'.repeat(630)}@host`
    expect(sender({}, { path, isLoggedIn: true })).toBe(path)
    expect(sender({}, { path: 'a'.repeat(630), isLoggedIn: true })).toBeUndefined()
  })

  it.each([
    ['127.0.0.1', 'bob@[127.0.0.1]', true],
    ['::ffff:192.0.2.1', 'bob@[192.0.2.1]', true],
    ['2001:db8::1', 'bob@[IPv6:2001:DB8:0::1]', true],
    ['fe80::1%eth0', 'bob@[IPv6:fe80::1]', true],
    ['127.0.0.1', 'bob@[127.0.0.2]', false],
    ['127.0.0.1', 'bob@[]', false],
    ['127.0.0.1', '"]"@there.test', false],
    [undefined, 'bob@[127.0.0.1]', false],
  ])('connected to %s, take %s for a user of this host: %s', (localAddress, recipient, isHere) => {
    const peer = localAddress === undefined ? stranger : { ...stranger, localAddress }
    const local = paths({}).of(peer).local(recipient)
    expect(local).toBe(isHere ? 'bob@mx.example.test' : recipient)
  })
})
