import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPasskeySite } from '#shared/identity/passkey-site.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

describe('the domain of passkeys', () => {
  let opened: OpenedEmbedded
  beforeAll(async () => void (opened = await openEmbedded()))
  afterAll(() => opened.close())

  const siteOf = (hostname: string, passkeyDomain = '') =>
    createPasskeySite(opened.store.tables.directory, { hostname, passkeyDomain, passkeyHosts: [] })

  it('is fixed by the first passkey, whatever the host is called afterwards', async () => {
    const first = siteOf('mx.example.test')
    expect(await first.site()).toMatchObject({ rpId: 'mx.example.test' })
    // Nothing is fixed by looking.
    expect(await siteOf('other.test').site()).toMatchObject({ rpId: 'other.test' })
    await first.settle(await first.site())
    const renamed = siteOf('new.example.test')
    // One that began before the first was kept.
    await renamed.settle({ rpId: 'new.example.test', hosts: new Set(), name: '' })
    expect(await siteOf('new.example.test').site()).toEqual({
      rpId: 'mx.example.test',
      hosts: new Set(['mx.example.test', 'new.example.test']),
      name: 'new.example.test',
    })
  })

  it('is what the settings say, and that fixes nothing', async () => {
    const said = siteOf('mx.example.test', 'example.test')
    expect(await said.site()).toMatchObject({ rpId: 'example.test' })
    await said.settle(await said.site())
    expect(await siteOf('mx.example.test').site()).toMatchObject({ rpId: 'mx.example.test' })
  })
})
