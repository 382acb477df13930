// Addresses looked for: by key within a domain, by words over all, and by looking through, page by page.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOOKED_MAX } from '#shared/directory/looking.ts'
import { createDirectorySearch } from '#shared/directory/search.ts'
import { wordsStateKey } from '#shared/directory/words.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type Administered, aHash, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let api: TestApi
const many = LOOKED_MAX + 200

beforeAll(async () => {
  world = await openAdministration()
  const { backend } = world.pipeline
  api = openApi(backend)
  const { accounts, aliases, domains } = backend.directory
  const domain = (name: string) => must(parseDomain(name))
  const address = (text: string) => must(parseAddress(text))
  for (const name of ['a.test', 'b.test', 'big.test']) await domains.add(domain(name))
  const wanted = [
    'ann@a.test',
    'ann@b.test',
    'anna.smith@b.test',
    'ben@a.test',
    'joann@a.test',
    'smith@a.test',
    ...Array.from({ length: many }, (_, n) => `u${String(n).padStart(5, '0')}@big.test`),
  ]
  await accounts.addAll(wanted.map((text) => ({ address: address(text), passwordHash: aHash })))
  const off = `u${String(many - 1).padStart(5, '0')}@big.test`
  await accounts.set(address(off), { enabled: false })
  await accounts.freeze(must(await accounts.get(address('ben@a.test'))).id, 'x')
  const targets = [address('ann@a.test')]
  await aliases.addAll([
    { name: address('annual@a.test'), targets },
    { name: { local: null, domain: domain('b.test') }, targets },
  ])
})
afterAll(() => world[Symbol.asyncDispose]())

type Row = { readonly address?: string; readonly alias?: string }

/** All pages of a list, and how many there were. */
async function all(query: string, { noun = 'accounts', as = owner } = {}) {
  const names: string[] = []
  let pages = 0
  let cursor = ''
  let upTo: string | null = null
  do {
    const { body, status } = await api.ask(`GET /${noun}?${query}${cursor}`, undefined, { as })
    expect(status, JSON.stringify(body)).toBe(200)
    names.push(...body.data.map(({ address, alias }: Row) => address ?? alias))
    pages++
    upTo = body.looked.upTo
    cursor = body.next === null ? '' : `&cursor=${body.next}`
  } while (cursor !== '')
  return { names, pages, upTo }
}

/** The same where words are there and where an older store has none yet. */
describe.each([true, false])('with words: %s', (hasWords) => {
  beforeAll(async () => {
    const table = world.pipeline.backend.store.tables.directory
    await table.write(
      hasWords ? { put: { ...wordsStateKey, version: 1 } } : { delete: wordsStateKey },
    )
    const { isComplete } = await createDirectorySearch(table).find({ text: 'x' })
    expect(isComplete).toBe(hasWords)
  })

  it.each([
    ['q=ann', ['ann@a.test', 'ann@b.test', 'anna.smith@b.test']],
    ['q=ANN&limit=1', ['ann@a.test', 'ann@b.test', 'anna.smith@b.test']],
    // Of one letter there are no words that begin so.
    ['q=b&limit=1', ['ben@a.test']],
    ['q=ann&domain=b.test', ['ann@b.test', 'anna.smith@b.test']],
    ['q=ann@', ['ann@a.test', 'ann@b.test']],
    ['q=ann@b', ['ann@b.test']],
    ['q=ann@b&domain=a.test', []],
    // No address begins with what is in its middle.
    ['q=smith', ['smith@a.test']],
    ['q=ann&state=frozen', []],
    ['q=nobody', []],
    ['state=frozen&domain=a.test', ['ben@a.test']],
    ['from=j&domain=a.test', ['joann@a.test', 'smith@a.test']],
    ['from=j&domain=a.test&limit=1', ['joann@a.test', 'smith@a.test']],
    ['q=u0000&limit=4&domain=big.test', Array.from({ length: 10 }, (_, n) => `u0000${n}@big.test`)],
  ])('%s', async (query, expected) => {
    const { names } = await all(query)
    expect(names.toSorted()).toEqual(expected)
  })

  it('finds aliases, the catch-all by its @', async () => {
    const noun = 'aliases'
    expect((await all('q=ann', { noun })).names).toEqual(['annual@a.test'])
    expect((await all('q=@b', { noun })).names).toEqual(['@b.test'])
  })

  it('is of the domains that one sees alone', async () => {
    const as = { ...owner, role: 'domain-admin', domains: [must(parseDomain('b.test'))] } as const
    expect((await all('q=ann', { as })).names).toEqual(['ann@b.test', 'anna.smith@b.test'])
  })
})

it('looks through LOOKED_MAX entries for a page, and says how far it came', async () => {
  const { body } = await api.ask('GET /accounts?state=disabled&domain=big.test')
  expect(body).toMatchObject({
    data: [],
    looked: { entries: LOOKED_MAX, upTo: `u0${LOOKED_MAX - 1}@big.test` },
  })
  const { names, pages } = await all('state=disabled&domain=big.test')
  expect({ names, pages }).toEqual({ names: [`u0${many - 1}@big.test`], pages: 2 })
})

it('jumps over all domains to those that begin so', async () => {
  const { body } = await api.ask('GET /accounts?from=b&limit=2')
  expect(body.data.map(({ address }: Row) => address)).toEqual(['ann@b.test', 'anna.smith@b.test'])
})

it('refuses what is no line', async () => {
  const { status, body } = await api.ask('GET /accounts?q=a%0Ab')
  expect({ status, field: body.errors[0].name }).toEqual({ status: 400, field: 'q' })
})
