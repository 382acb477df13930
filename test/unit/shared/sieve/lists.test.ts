import { describe, expect, it } from 'vitest'
import { ADDRESS_BOOK_ENTRIES, createLists } from '#shared/sieve/lists.ts'

const DEFAULT = 'urn:ietf:params:sieve:addrbook:default'
const WORK = 'urn:ietf:params:sieve:addrbook:Work'

function lists(annotations: Readonly<Record<string, string>> = {}) {
  const asked: string[] = []
  const made = createLists({
    domain: 'example.com',
    async annotation(entry) {
      asked.push(entry)
      return annotations[entry.slice(ADDRESS_BOOK_ENTRIES.length)]
    },
    async aliasTargets(local) {
      asked.push(local)
      return local === 'team' ? ['ann@example.com', 'bob@other.example'] : undefined
    },
  })
  return { ...made, asked }
}

describe('address books of the account', () => {
  const books = {
    default: 'Ann@Example.org\r\n\n  bob@example.org  \nj\u00f6rg@example.org',
    work: 'x',
  }

  it.each([
    ['ann@example.org', true],
    ['ANN@EXAMPLE.ORG', true],
    ['"Ann" <ann@example.org>', true],
    ['Somebody <c@d.example>, Bob <bob@example.org>', true],
    ['j\u00f6rg@example.org', true],
    ['"ann@example.org" <c@d.example>', false],
    ['example.org', false],
    ['', false],
  ])('holds %j: %s', async (value, expected) => {
    expect(await lists(books).listHolds(DEFAULT, value)).toBe(expected)
  })

  it('have names whatever their case, and are read once', async () => {
    const { listHolds, asked } = lists(books)
    expect(await listHolds(WORK, 'X')).toBe(true)
    expect(await listHolds(WORK, 'y')).toBe(false)
    expect(asked).toEqual([`${ADDRESS_BOOK_ENTRIES}work`])
  })

  it('has a default, and others where they are', async () => {
    const { listHolds, listMembers } = lists()
    expect(await listHolds(DEFAULT, '')).toBe(false)
    expect(await listMembers(DEFAULT)).toEqual([])
    expect(await listHolds(WORK, 'x')).toBeUndefined()
    expect(await listMembers('urn:ietf:params:sieve:addrbook:a/../b')).toBeUndefined()
  })

  it('tells whom a message goes to', async () => {
    expect(await lists(books).listMembers(DEFAULT)).toEqual([
      'Ann@Example.org',
      'bob@example.org',
      'j\u00f6rg@example.org',
    ])
  })
})

describe('aliases of the domain', () => {
  it('are whom they lead to', async () => {
    const { listHolds, listMembers } = lists()
    const team = 'tag:Example.com,2026-01-01:team'
    expect(await listHolds(team, 'Bob <bob@other.example>')).toBe(true)
    expect(await listHolds(team, 'eve@other.example')).toBe(false)
    expect(await listMembers(team)).toEqual(['ann@example.com', 'bob@other.example'])
  })

  it.each(['tag:other.example,2026:team', 'tag:example.com,2026:none', 'tag:,2026:team'])(
    '%s is none',
    async (name) => {
      const { listHolds, listMembers } = lists()
      expect(await listHolds(name, 'ann@example.com')).toBeUndefined()
      expect(await listMembers(name)).toBeUndefined()
    },
  )

  it('of other domains are not asked for', async () => {
    const { listHolds, asked } = lists()
    await listHolds('tag:other.example,2026:team', 'x')
    expect(asked).toEqual([])
  })

  it.each(['\u00e9'.repeat(900), 'x'.repeat(65), '\ud800', 'a\0b'])(
    'that none can be are not asked for: %j',
    async (local) => {
      const { listHolds, asked } = lists()
      expect(await listHolds(`tag:example.com,2026:${local}`, 'x')).toBeUndefined()
      expect(asked).toEqual([])
    },
  )

  it('are asked for as addresses are written', async () => {
    const { listHolds, asked } = lists()
    await listHolds('tag:example.com,2026:"team"', 'x')
    expect(asked).toEqual(['team'])
  })
})
