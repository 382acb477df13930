import { describe, expect, it } from 'vitest'
import {
  hasAddress,
  looksLikeDialup,
  looksLikeMailServer,
  looksRandom,
  registeredLabel,
  shareLabel,
  withoutRegistry,
} from '#services/policy/weight/names.ts'

describe('a name', () => {
  it.each([
    ['mail.example.test', true],
    ['mx1.example.test', true],
    ['a.smtp-out.example.test', true],
    ['static-1.example.test', true],
    ['instat.example.test', false],
    ['instat.stat.example.test', true],
    // The word is the domain itself.
    ['www.mailer.test', false],
    ['mail.test', false],
    ['', false],
  ])('%s of a mail server: %s', (name, expected) => {
    expect(looksLikeMailServer(name)).toBe(expected)
  })

  it.each([
    ['dsl-1.example.test', true],
    ['host.dip.example.test', true],
    ['dip.example.test', false],
    ['rev-1-2.ip.example.test', true],
    ['rev.example.test', false],
    ['ip-rev.example.test', false],
    ['host.example.test', false],
    ['dynamic.test', false],
  ])('%s of a dial-up client: %s', (name, expected) => {
    expect(looksLikeDialup(name)).toBe(expected)
  })

  it.each([
    ['host-192-0-2-1.example.test', true],
    ['host192.0.2.1', true],
    ['192.0.2.1', false],
    ['a1-2-3.example.test', false],
  ])('%s with an address in it: %s', (name, expected) => {
    expect(hasAddress(name)).toBe(expected)
  })

  it.each([
    ['mail.example.test', 'mail.example', 'example'],
    ['mail.example.co.uk', 'mail.example', 'example'],
    ['mail.example.com.br', 'mail.example', 'example'],
    ['mail.ab.de', 'mail', 'mail'],
    ['co.uk', 'co', 'co'],
    ['example.online', 'example.online', 'example.online'],
    ['localhost', 'localhost', 'localhost'],
    ['[192.0.2.1]', '[192.0.2.1]', '[192.0.2.1]'],
  ])('%s without what registries put behind it is %s', (name, kept, label) => {
    expect([withoutRegistry(name), registeredLabel(name)]).toEqual([kept, label])
  })

  it('shares its second-level label with another', () => {
    expect(shareLabel('mail.example.test', 'mx.example.net')).toBe(true)
    expect(shareLabel('mail.example.test', 'example.isp.net')).toBe(true)
    expect(shareLabel('mail.example.test', 'mail.other.test')).toBe(false)
    expect(shareLabel('host', 'host.example.test')).toBe(true)
  })

  it.each([
    ['xkcdwrtz', true],
    ['queueing', true],
    ['ann.smith', false],
    ['schmidt', false],
  ])('%s that nobody can say: %s', (local, expected) => {
    expect(looksRandom(local)).toBe(expected)
  })
})
