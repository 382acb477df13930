import { describe, expect, it } from 'vitest'
import { ENDPOINT_CHARACTERS_MAX, parseEndpoint } from '#shared/front/endpoint.ts'

describe('parseEndpoint', () => {
  it.each([
    ['imap', 'imaps://old.test', { host: 'old.test', port: 993, tls: 'implicit', verifies: true }],
    ['imap', 'imap://old.test', { host: 'old.test', port: 143, tls: 'starttls', verifies: true }],
    ['imap', 'imap://10.0.0.5:1143?tls=no', { host: '10.0.0.5', port: 1143, tls: 'none' }],
    ['imap', 'imaps://[2001:db8::1]:9/', { host: '2001:db8::1', port: 9, tls: 'implicit' }],
    ['imap', 'imaps://old.test?verify=no', { verifies: false }],
    ['pop3', 'pop3://old.test', { port: 110, tls: 'starttls' }],
    ['pop3', 'pop3s://old.test', { port: 995, tls: 'implicit' }],
    ['managesieve', 'sieve://old.test', { port: 4190, tls: 'starttls' }],
    ['submission', 'submissions://old.test', { port: 465, tls: 'implicit' }],
    ['submission', 'submission://old.test?tls=no&verify=no', { port: 587, tls: 'none' }],
  ] as const)('reads %s %s', (service, text, endpoint) => {
    expect(parseEndpoint(service, text)).toMatchObject(endpoint)
  })

  it.each([
    ['imap', 'pop3://old.test'],
    ['imap', 'old.test'],
    ['imap', 'imaps://old.test?tls=no'],
    ['imap', 'imaps://old.test:0'],
    ['imap', 'imaps://old.test:65536'],
    ['imap', 'imaps://user@old.test'],
    ['imap', 'imaps://old.test/INBOX'],
    ['imap', 'imaps://old.test?tls=maybe'],
    ['imap', 'imaps://[10.0.0.5]'],
    ['imap', 'constructor://old.test'],
    ['imap', `imaps://${'a'.repeat(ENDPOINT_CHARACTERS_MAX)}.test`],
  ] as const)('takes none of %s %s', (service, text) => {
    expect(parseEndpoint(service, text)).toBeUndefined()
  })
})
