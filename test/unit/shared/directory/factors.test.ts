import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { type IdentityRecord, noFactors } from '#shared/directory/factors.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { must } from '#test/support/must.ts'

const identity = (subject: string): IdentityRecord => ({
  issuer: 'https://issuer.test',
  subject,
  sinceMs: 1,
})

let world: Administered
let ann: AccountId
let bob: AccountId

const directory = () => world.pipeline.backend.directory
const ownerOf = (subject: string) =>
  directory().factors.accountOfIdentity('https://issuer.test', subject)
const link = (id: AccountId, ...subjects: readonly string[]) =>
  directory().factors.change(id, () => ({
    next: { ...noFactors, identities: subjects.map(identity) },
    result: 'done',
  }))

async function added(address: string): Promise<AccountId> {
  await world.administration.accounts.add({ address, secret: hashOfA })
  return must(await directory().accounts.get(must(parseAddress(address)))).id
}

beforeAll(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  ann = await added('ann@a.test')
  bob = await added('bob@a.test')
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the subject of an issuer', () => {
  it('is one account’s: another neither takes it nor lets go of it', async () => {
    await link(ann, 's1')
    expect(await link(bob, 's1', 's2')).toBe('done')
    expect(await ownerOf('s1')).toBe(ann)
    expect(await ownerOf('s2')).toBe(bob)
    expect((await directory().factors.of(bob)).identities).toEqual([identity('s2')])
    await link(bob)
    expect(await ownerOf('s1')).toBe(ann)
    expect(await ownerOf('s2')).toBeUndefined()
  })

  it('is of the first of two who link it at once', async () => {
    await Promise.all([link(ann, 's3'), link(bob, 's3')])
    const owner = must(await ownerOf('s3'))
    const other = owner === ann ? bob : ann
    expect((await directory().factors.of(owner)).identities).toEqual([identity('s3')])
    expect((await directory().factors.of(other)).identities).toEqual([])
  })

  it('of an account that is gone is whose it is next, and stays with him', async () => {
    const carl = await added('carl@a.test')
    await link(carl, 's4')
    await directory().accounts.remove(must(parseAddress('carl@a.test')))
    await link(bob, 's4')
    expect(await ownerOf('s4')).toBe(bob)
  })
})
