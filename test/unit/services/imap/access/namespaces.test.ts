import { describe, expect, it } from 'vitest'
import {
  foreignName,
  isBelowNamespace,
  mayMatchForeign,
  nameFor,
} from '#services/imap/access/namespaces.ts'
import { accountId } from '#test/support/imap-server.ts'

describe('names of others', () => {
  it.each([
    ['Other Users/ann@a.test/INBOX', { shared: false, address: 'ann@a.test', path: 'INBOX' }],
    ['Shared/info@a.test/A/B', { shared: true, address: 'info@a.test', path: 'A/B' }],
    // The delimiter may stand in a local part.
    ['Other Users/a/b@a.test/C', { shared: false, address: 'a/b@a.test', path: 'C' }],
    ['Other Users/ann@a.test', { shared: false, address: 'ann@a.test', path: '' }],
    ['Other Users/ann@a.test/b@c', { shared: false, address: 'ann@a.test', path: 'b@c' }],
  ])('%s', (name, expected) => {
    expect(foreignName(name)).toEqual(expected)
  })

  it.each([
    'INBOX',
    'Shared',
    'Shared/Projects',
    'Other Users',
    'other users/ann@a.test/INBOX',
    'X/Shared/a@b',
  ])('%s is one of one’s own', (name) => {
    expect(foreignName(name)).toBeUndefined()
  })

  it('are made of owner and path', () => {
    const id = accountId('x')
    expect(nameFor({ id, address: 'a@b.test', shared: false }, 'A/B')).toBe(
      'Other Users/a@b.test/A/B',
    )
    expect(nameFor({ id, address: 'a@b.test', shared: true }, 'A')).toBe('Shared/a@b.test/A')
  })

  it.each([
    ['Other Users', true],
    ['Shared/x', true],
    ['Sharedx/x', false],
    ['INBOX', false],
  ])('%s may hold them: %s', (name, expected) => {
    expect(isBelowNamespace(name)).toBe(expected)
  })

  it.each([
    ['', '*', true],
    ['', '%', true],
    ['', 'O%', true],
    ['', '%/%/%', true],
    ['Other Users/', '%', true],
    ['', 'Shared/info@a.test/*', true],
    ['', 'Shared', true],
    ['', 'INBOX', false],
    ['', 'INBOX/*', false],
    ['Archive/', '*', false],
    ['', 'Sharedx*', false],
    ['', 'Shared Files/*', false],
  ])('LIST "%s" %s may match them: %s', (reference, pattern, expected) => {
    expect(mayMatchForeign(reference, pattern)).toBe(expected)
  })
})
