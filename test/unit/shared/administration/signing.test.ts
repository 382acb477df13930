import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openAdministration } from '#test/support/administration.ts'

// A name server that nobody is.
const noDns = ['dnsServers=127.0.0.1:9', 'dnsTimeout=100ms', 'dnsTries=1']

const pem = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey

async function opened() {
  const all = await openAdministration(noDns)
  await all.administration.domains.add({ domain: 'a.test' })
  const states = (found: object) =>
    'keys' in found && Array.isArray(found.keys)
      ? found.keys.map(({ selector, state }) => `${selector} ${state}`)
      : found
  return {
    ...all,
    signing: all.administration.signing,
    states,
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  }
}

describe('the keys of a domain', () => {
  it('are made with it, and go with it', async () => {
    await using world = await opened()
    const { signing, administration, pipeline } = world
    const found = await signing.list('a.test')
    expect(world.states(found)).toEqual(['20261120-rsa waiting', '20261120-ed25519 waiting'])
    expect(JSON.stringify(found)).not.toContain('privateKey')
    await administration.domains.remove({ domain: 'a.test' })
    const { signingKeys } = pipeline.backend.directory
    const domain = 'a.test' as Parameters<typeof signingKeys.of>[0]
    expect(await signingKeys.of(domain)).toEqual([])
  })

  it('are others after a rotation; one that nobody saw gives way', async () => {
    await using world = await opened()
    const { signing, states } = world
    await signing.force({ domain: 'a.test', selector: '20261120-rsa' })
    expect(states(await signing.rotate({ domain: 'a.test' }))).toEqual([
      '20261120-rsa active',
      '20261120-rsa-2 waiting',
      '20261120-ed25519-2 waiting',
    ])
    expect(states(await signing.rotate({ domain: 'a.test', algorithm: 'rsa' }))).toEqual([
      '20261120-rsa active',
      '20261120-ed25519-2 waiting',
      '20261120-rsa-3 waiting',
    ])
    expect(await signing.rotate({ domain: 'a.test', algorithm: 'dsa' })).toMatchObject({
      kind: 'bad-value',
      field: 'algorithm',
    })
  })

  it('are revoked for good', async () => {
    await using world = await opened()
    const { signing, states, changes } = world
    const request = { domain: 'a.test', selector: '20261120-rsa' }
    const revoked = await signing.revoke(request)
    expect(states(revoked)).toContain('20261120-rsa revoked')
    expect(revoked).toMatchObject({ keys: [{ record: 'v=DKIM1; p=' }, {}] })
    expect(states(await signing.force(request))).toContain('20261120-rsa revoked')
    expect(changes).toContainEqual({
      what: 'signing-key',
      name: '20261120-rsa._domainkey.a.test',
      before: { state: 'waiting', forced: false },
      after: { state: 'revoked', forced: false },
    })
  })

  it('are brought along under their selector', async () => {
    await using world = await opened()
    const { signing, states } = world
    const request = { domain: 'a.test', selector: 'mail', pem }
    expect(states(await signing.import(request))).toEqual([
      '20261120-ed25519 waiting',
      'mail waiting',
    ])
    expect(await signing.import(request)).toEqual({
      kind: 'exists',
      field: 'selector',
      value: 'mail',
    })
    expect(await signing.import({ ...request, selector: 'Mail!' })).toMatchObject({
      kind: 'bad-value',
      field: 'selector',
    })
    const refused = await signing.import({ ...request, selector: 'x', pem: 'hello' })
    expect(refused).toMatchObject({ kind: 'bad-value', field: 'privateKey' })
    // What was given is a secret.
    expect(JSON.stringify(refused)).not.toContain('hello')
  })

  it('are those of domains here', async () => {
    await using world = await opened()
    const { signing } = world
    const request = { domain: 'b.test', selector: 'x', pem }
    for (const found of [
      await signing.list('b.test'),
      await signing.check('b.test'),
      await signing.rotate(request),
      await signing.revoke(request),
      await signing.import(request),
    ]) {
      expect(found).toMatchObject({ kind: 'no-such-domain' })
    }
    expect(await signing.revoke({ domain: 'a.test', selector: 'x' })).toMatchObject({
      kind: 'no-such-selector',
    })
  })
})
