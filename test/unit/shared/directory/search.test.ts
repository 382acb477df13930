// What is found by its words, by whom; and that words follow what is made, renamed and removed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleJobRunner, indexDirectoryWhereMissing } from '#services/assembly/jobs.ts'
import { createSearch, type SearchFound } from '#shared/administration/search.ts'
import { createDirectorySearch } from '#shared/directory/search.ts'
import { wordsOf } from '#shared/directory/words.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type Administered, aHash, openAdministration } from '#test/support/administration.ts'
import { owner } from '#test/support/api.ts'

let administered: Administered
let find: (text: string, domains?: readonly string[]) => Promise<Readonly<Record<string, string[]>>>
let search: ReturnType<typeof createSearch>

const addressOf = (text: string) => {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(text)
  return address
}
const domainOf = (text: string) => parseDomain(text) ?? addressOf(`x@${text}`).domain

beforeAll(async () => {
  administered = await openAdministration()
  const { backend } = administered.pipeline
  const { directory } = backend
  const table = backend.store.tables.directory
  search = createSearch(createDirectorySearch(table))
  for (const name of ['example.org', 'example.net', 'other.example']) {
    await directory.domains.add(domainOf(name))
  }
  const account = (address: string, displayName = '') => ({
    address: addressOf(address),
    passwordHash: aHash,
    displayName,
  })
  await directory.accounts.addAll([
    account('ann@example.org', 'Ann Müller'),
    account('bob.miller@example.org'),
    account('ann.smith@example.net', 'Annette Smith'),
    account('muller@other.example'),
    ...Array.from({ length: 30 }, (_, n) => account(`team-${n}@other.example`)),
  ])
  await directory.aliases.addAll([
    {
      name: { local: 'annual', domain: domainOf('example.org') },
      targets: [addressOf('ann@example.org')],
    },
    {
      name: { local: null, domain: domainOf('example.net') },
      targets: [addressOf('ann@example.org')],
    },
  ])
  find = async (text, domains) => {
    const found = await createDirectorySearch(table).find({
      text,
      ...(domains && { domains: domains.map(domainOf) }),
    })
    return {
      accounts: found.accounts.hits.map(({ address }) => `${address.local}@${address.domain}`),
      aliases: found.aliases.hits.map(({ local, domain }) => `${local}@${domain}`),
      domains: [...found.domains.hits],
      ...(found.accounts.rest > 0 && { rest: [String(found.accounts.rest)] }),
    }
  }
})
afterAll(() => administered[Symbol.asyncDispose]())

describe('words', () => {
  it.each([
    ['ann', '', ['ann']],
    ['bob.miller+x', '', ['bob.miller+x', 'bob', 'miller', 'x']],
    ['ann', 'Ann Müller', ['ann', 'muller']],
    ['ann', 'Søren 山田', ['ann', 'søren', '山田']],
    ['a b', '', ['a', 'b']],
    ['x', 'a b c d e f g h i j k', ['x', 'a', 'b', 'c', 'd', 'e', 'f', 'g']],
    ['l'.repeat(64), '', ['l'.repeat(40)]],
  ])('of %s (%s)', (local, name, words) => {
    expect(wordsOf(local, name)).toEqual(words)
  })
})

describe('who is found', () => {
  it.each([
    [
      'ann',
      { accounts: ['ann@example.org', 'ann.smith@example.net'], aliases: ['annual@example.org'] },
    ],
    ['MULLER', { accounts: ['muller@other.example', 'ann@example.org'] }],
    ['mül', { accounts: ['ann@example.org', 'muller@other.example'] }],
    ['smith', { accounts: ['ann.smith@example.net'] }],
    ['ann smi', { accounts: ['ann.smith@example.net'] }],
    ['example', { domains: ['example.net', 'example.org'] }],
    [
      'ann@ex',
      { accounts: ['ann@example.org', 'ann.smith@example.net'], aliases: ['annual@example.org'] },
    ],
    ['ann@example.net', { accounts: ['ann.smith@example.net'] }],
    ['nobody', {}],
  ])('by %s', async (text, wanted) => {
    expect(await find(text)).toEqual({ accounts: [], aliases: [], domains: [], ...wanted })
  })

  it('is told with the number of the rest', async () => {
    expect(await find('team')).toMatchObject({ rest: ['25'], accounts: { length: 5 } })
  })

  it('is within the domains that one sees', async () => {
    const none = { accounts: [], aliases: [], domains: [] }
    expect(await find('ann', ['example.net'])).toEqual({
      ...none,
      accounts: ['ann.smith@example.net'],
    })
    expect(await find('ann@', ['other.example'])).toEqual(none)
    expect(await find('example', ['example.net'])).toEqual({ ...none, domains: ['example.net'] })
  })
})

describe('what changes', () => {
  it('is found by its new name, and when it is gone not at all', async () => {
    const { directory } = administered.pipeline.backend
    const table = administered.pipeline.backend.store.tables.directory
    const wordCount = async () => {
      let count = 0
      for (const prefix of ['zo', 'ne', 'na', 'ol']) {
        count += (await table.query({ pk: `WORD#${prefix}`, consistent: true })).items.length
      }
      return count
    }
    const zoe = addressOf('zoe@example.org')
    await directory.accounts.add({ address: zoe, passwordHash: aHash, displayName: 'Zoe Oldname' })
    const name = { local: 'zoe', domain: zoe.domain }
    await directory.aliases.add(name, [addressOf('ann@example.org')])
    expect(await find('oldn')).toMatchObject({ accounts: ['zoe@example.org'] })
    await directory.accounts.set(zoe, { displayName: 'Zoe Newname' })
    expect(await find('oldn')).toMatchObject({ accounts: [] })
    expect(await find('zoe newn')).toMatchObject({ accounts: ['zoe@example.org'] })
    await directory.accounts.remove(zoe)
    expect(await find('zoe')).toMatchObject({ accounts: [], aliases: ['zoe@example.org'] })
    await directory.aliases.remove(name)
    expect(await find('zoe')).toMatchObject({ accounts: [], aliases: [] })
    expect(await wordCount()).toBe(0)
    await directory.domains.add(domainOf('newzoe.example'), { postmaster: zoe })
    await directory.domains.remove(domainOf('newzoe.example'), { force: true })
    expect(await wordCount()).toBe(0)
    expect(await find('postm')).toMatchObject({ aliases: [] })
  })

  it('in a store from before there were words is found once they are written', async () => {
    const { backend } = administered.pipeline
    const table = backend.store.tables.directory
    const before = await find('ann')
    for (const prefix of ['an', 'ex', 'bo']) {
      const { items } = await table.query({ pk: `WORD#${prefix}`, consistent: true })
      await table.batchWrite(items.map(({ pk, sk }) => ({ delete: { pk, sk } })))
    }
    expect(await find('ann')).toEqual({ accounts: [], aliases: [], domains: [] })
    expect(await search.find('ann', owner)).toMatchObject({ isComplete: false })
    await indexDirectoryWhereMissing(backend)
    await indexDirectoryWhereMissing(backend)
    expect((await backend.jobs.page({ limit: 10 })).items).toHaveLength(1)
    await assembleJobRunner(backend).run({ signal: new AbortController().signal })
    expect(await find('ann')).toEqual(before)
    expect(await search.find('ann', owner)).toMatchObject({ isComplete: true })
    await indexDirectoryWhereMissing(backend)
    expect((await backend.jobs.page({ limit: 10 })).items).toHaveLength(1)
  })
})

describe('what is meant', () => {
  const kindsOf = async (text: string, actor = owner) => {
    const found = (await search.find(text, actor)) as SearchFound
    return Object.fromEntries(
      found.groups.map(({ kind, hits }) => [kind, hits.map(({ name }) => name)]),
    )
  }

  it.each([
    ['0123456789ABCDEFGH', { messages: ['0123456789ABCDEFGH'] }],
    ['<x@y.test>', { messages: ['<x@y.test>'] }],
    ['198.51.100.7', { hosts: ['198.51.100.7'] }],
    ['2001:db8::/32', { hosts: ['2001:db8::/32'] }],
    ['virtual_alias_exp', { settings: ['virtualAliasExpansionLimit'] }],
    ['freeze bob@example.org', { actions: ['freeze'] }],
  ])('by %s', async (text, wanted) => {
    expect(await kindsOf(text)).toMatchObject(wanted)
  })

  it('is nothing that who asks may not', async () => {
    const holder = { ...owner, role: 'holder', accountId: 'a1' as never } as const
    expect(await kindsOf('ann', holder)).toEqual({})
    expect(await kindsOf('virtual_alias_exp', holder)).toEqual({})
    expect(await kindsOf('freeze ann', holder)).toEqual({})
  })

  it.each(['', '   ', 'a\u0000b', 'a'.repeat(321)])('is not asked by %j', async (text) => {
    expect(await search.find(text, owner)).toMatchObject({ kind: 'bad-value', field: 'search' })
  })
})
