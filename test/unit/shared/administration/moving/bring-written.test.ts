// What an export of a whole service holds besides lists and mail: a row that is none, one that differs, and secrets.

import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type BroughtOutcome,
  bringWritten,
  type WrittenService,
} from '#shared/administration/moving/bring-written.ts'
import { keyFileOf, keyNameOf } from '#shared/administration/moving/written-secrets.ts'
import { openAdministration } from '#test/support/administration.ts'

const pemOf = () =>
  generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey

async function* rows(...all: readonly unknown[]): AsyncGenerator<unknown> {
  yield* all
}
const key = Buffer.alloc(32, 7).toString('base64')
const one = {
  ...{ id: '0123456789ab', name: 'phone', scopes: ['imap'], createdMs: 1, expiresMs: null },
  ...{ hash: key, storedKey: key, serverKey: key },
}
const passwords = { address: 'ann@a.test', salt: key, iterations: 4_096, appPasswords: [one] }

describe('what a service wrote of itself', () => {
  let world: Awaited<ReturnType<typeof openAdministration>>
  beforeEach(async () => {
    world = await openAdministration(['dnsServers=127.0.0.1:9', 'dnsTimeout=100ms', 'dnsTries=1'])
    await world.administration.domains.add({ domain: 'a.test' })
    const secret = async () => ({ kind: 'hash', hash: '*' }) as const
    await world.administration.accounts.add({ address: 'ann@a.test', secret })
    return () => world[Symbol.asyncDispose]()
  })

  async function brought(given: Partial<WrittenService>): Promise<readonly string[]> {
    const service = {
      ...{ domains: rows(), accounts: rows(), grants: rows(), appPasswords: rows() },
      ...{ settings: {}, signingKeys: rows() as WrittenService['signingKeys'], srsSecrets: [] },
      ...given,
    }
    const outcomes = await Array.fromAsync(bringWritten(world.administration, service))
    return outcomes.map(
      (outcome: BroughtOutcome) =>
        `${outcome.what} ${outcome.name} ${outcome.kind === 'refused' ? outcome.refusal.kind : outcome.kind}`,
    )
  }

  it('is refused row by row, and the others come', async () => {
    const limits = { domain: 'a.test', accountsMax: 7, aliasesMax: null, quotaBytesMax: 5_000_001 }
    expect(
      await brought({
        domains: rows(
          limits,
          limits,
          7,
          { ...limits, accountsMax: 'x' },
          { ...limits, domain: 'b.test' },
        ),
      }),
    ).toEqual([
      'domain a.test added',
      'domain a.test unchanged',
      'domain ? no-row',
      'domain a.test no-row',
      'domain b.test no-such-domain',
    ])
    const grant = { address: 'ann@a.test', folder: 'INBOX', grantee: 'anyone', rights: 'lr' }
    expect(
      await brought({
        grants: rows(grant, grant, { ...grant, folder: 'None' }, { ...grant, rights: 7 }),
        settings: { minimalBackoffTime: '10m', none: 'x', hostname: 7 },
      }),
    ).toEqual([
      'grant ann@a.test added',
      'grant ann@a.test unchanged',
      'grant ann@a.test no-such-folder',
      'grant ann@a.test no-row',
      'setting minimalBackoffTime added',
      'setting none no-such-setting',
      'setting hostname no-row',
    ])
  })

  it('has app passwords once, and none that would end a comparison', async () => {
    const wrong = [
      { hash: Buffer.alloc(31).toString('base64') },
      { serverKey: null },
      { id: '../x' },
      { scopes: ['web'] },
      { name: 'a\nb' },
    ].map((change) => ({ ...passwords, appPasswords: [{ ...one, ...change }] }))
    expect(
      await brought({
        appPasswords: rows(...wrong, { ...passwords, iterations: 1e9 }, passwords, passwords, {
          ...passwords,
          address: 'none@a.test',
        }),
      }),
    ).toEqual([
      ...Array.from({ length: 6 }, () => 'app-password ann@a.test no-row'),
      'app-password ann@a.test added',
      'app-password ann@a.test unchanged',
      'app-password none@a.test no-such-account',
    ])
    const listed = await world.administration.appPasswords.list('ann@a.test')
    expect(listed).toMatchObject({ appPasswords: [{ name: 'phone', scopes: ['imap'] }] })
    const told = JSON.stringify(world.changes)
    expect(told).toContain('phone')
    expect(told).not.toContain(key)
  })

  it('has keys in place of those of ours that nobody published, and never another of the same name', async () => {
    const listed = await world.administration.signing.list('a.test')
    if (listed.kind !== 'keys') throw new Error(listed.kind)
    const selector = listed.keys.find(({ algorithm }) => algorithm === 'ed25519')?.selector ?? ''
    const written = { domain: 'a.test', selector, pem: pemOf() }
    async function* keys(...all: readonly (typeof written)[]) {
      yield* all
    }
    const other = { ...written, pem: pemOf() }
    expect(await brought({ signingKeys: keys(written, written, other) })).toEqual([
      `signing-key ${selector}._domainkey.a.test added`,
      `signing-key ${selector}._domainkey.a.test unchanged`,
      `signing-key ${selector}._domainkey.a.test exists`,
    ])
  })

  it('has secrets of rewritten senders: the first signs, and those of here verify on', async () => {
    const { srsSecrets } = world.pipeline.backend
    const [own = ''] = await srsSecrets.forSigning()
    expect(await brought({ srsSecrets: ['theirs', 'older'] })).toEqual(['srs-secret secrets added'])
    expect(await srsSecrets.forSigning()).toEqual(['theirs', 'older', own])
    expect(await brought({ srsSecrets: ['theirs'] })).toEqual(['srs-secret secrets unchanged'])
    expect(JSON.stringify(world.changes)).not.toContain('theirs')
  })
})

it('names a key as its record is named', () => {
  expect(keyNameOf(keyFileOf('s1.mail', 'a.test'))).toEqual({
    selector: 's1.mail',
    domain: 'a.test',
  })
  for (const file of ['a.private', '._domainkey.a.test.private', 's._domainkey.a.test', '.keep']) {
    expect(keyNameOf(file)).toBeUndefined()
  }
})
