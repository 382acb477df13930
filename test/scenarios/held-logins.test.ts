// Logins that too many failures hold back: who sees them, and who lets somebody try again.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Actor, Role } from '#shared/administration/rights/actor.ts'
import { createLoginGuard } from '#shared/auth/login-guard.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi, owner, type TestApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let api: TestApi

beforeAll(async () => {
  world = await openAdministration([
    'authFailureLimit=2',
    'authFailureLimitPerAccount=4',
    'authFailureLimitPerAddress=4',
  ])
  const { domains, accounts } = world.administration
  for (const domain of ['ours.test', 'other.test']) {
    await domains.add({ domain })
    await accounts.add({ address: `ann@${domain}`, secret: hashOfA })
  }
  api = openApi(world.pipeline.backend)
})
afterAll(() => world[Symbol.asyncDispose]())

const guard = () => {
  const { store, settings, clock, log } = world.pipeline.backend
  return createLoginGuard({ counters: store.tables.counters, settings, clock, log })
}

async function fail(login: string, remoteAddress: string, times = 2): Promise<void> {
  for (let i = 0; i < times; i++) {
    await guard().fail(await guard().look(guard().applicant({ login, remoteAddress })))
  }
}

async function waits(login: string, remoteAddress: string): Promise<boolean> {
  const standing = await guard().look(guard().applicant({ login, remoteAddress }))
  return standing.throttled !== undefined
}

const actor = (role: Role, more: Partial<Actor> = {}): Actor => ({ ...owner, role, ...more })
const ours = () => ({ domains: [must(parseDomain('ours.test'))] })

/** All pages. */
async function listed(query: string, as: Actor = owner): Promise<readonly string[]> {
  const found: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = `${query}${cursor === '' ? '' : `${query === '' ? '?' : '&'}cursor=${cursor}`}`
    const { status, body } = await api.ask(`GET /held-logins${page}`, undefined, { as })
    expect(status).toBe(200)
    for (const one of body.data) found.push(`${one.account} ${one.network} ${one.failures}`)
    cursor = body.next
  }
  return found.toSorted()
}

describe('logins that are held back', () => {
  it('are listed once they wait, with why, to whom it concerns', async () => {
    expect(await listed('')).toEqual([])
    await fail('ann@ours.test', '192.0.2.1', 1)
    expect(await listed('')).toEqual([])
    await fail('Ann@Ours.test', '192.0.2.1', 1)
    await fail('nobody@nowhere.test', '2001:db8:1:2::9')
    await fail('ann@other.test', '192.0.2.7')
    const all = [
      'ann@other.test 192.0.2.7/32 2',
      'ann@ours.test 192.0.2.1/32 2',
      'nobody@nowhere.test 2001:0db8:0001:0002:0000:0000:0000:0000/64 2',
    ]
    expect(await listed('')).toEqual(all)
    expect(await listed('', actor('domain-admin', ours()))).toEqual([all[1]])
    expect(await listed('', actor('help-desk', ours()))).toEqual([all[1]])
    const address = must(parseAddress('ann@other.test'))
    const ann = must(await world.pipeline.backend.directory.accounts.get(address))
    expect(await listed('', actor('holder', { accountId: ann.id }))).toEqual([all[0]])
    expect(await listed('?account=ann@ours.test')).toEqual([all[1]])
    expect(await listed('?account=ann@ours.test&client=192.0.2.9')).toEqual([])
    expect(await listed('?client=192.0.2.7')).toEqual([all[0]])
    // The network as the list has it.
    const network = encodeURIComponent('2001:0db8:0001:0002:0000:0000:0000:0000/64')
    expect(await listed(`?client=${network}`)).toEqual([all[2]])
  })

  it('are no words that are no client, and no cursor of anybody else’s', async () => {
    for (const query of [
      'client=nonsense',
      'client=192.0.2.1/7',
      'cursor=0.',
      'account=nonsense@@',
    ]) {
      expect((await api.ask(`GET /held-logins?${query}`)).status, query).toBe(400)
    }
  })

  it('are not listed any more when their time is over, or their failures are forgotten', async () => {
    const { backend } = world.pipeline
    await fail('late@ours.test', '192.0.2.20')
    expect(await listed('?account=late@ours.test')).toHaveLength(1)
    await backend.store.tables.counters.write({
      delete: { pk: 'AUTH#account#late@ours.test#address#192.0.2.20/32', sk: 'failures' },
    })
    expect(await listed('?account=late@ours.test')).toEqual([])
    await fail('later@ours.test', '192.0.2.21')
    world.clock.advance(3_600_000)
    expect(await listed('')).toEqual([])
  })

  it('may try again where whoever may says so, all of an account or all from a network', async () => {
    await fail('ann@ours.test', '192.0.2.1')
    await fail('ann@ours.test', '192.0.2.2')
    // Four of the account: from everywhere.
    expect(await waits('ann@ours.test', '192.0.2.3')).toBe(true)
    const release = (body: unknown, as: Actor) => api.ask('POST /held-logins:release', body, { as })
    const ofAnn = 'POST /accounts/ann@ours.test/logins:release'
    for (const role of ['auditor', 'holder'] as const) {
      expect((await api.ask(ofAnn, undefined, { as: actor(role) })).status, role).toBe(403)
    }
    const admin = actor('domain-admin', ours())
    expect((await release({ client: '192.0.2.1' }, admin)).status).toBe(403)
    const foreign = 'POST /accounts/ann@other.test/logins:release'
    expect((await api.ask(foreign, undefined, { as: admin })).status).toBe(404)
    const done = await api.ask(ofAnn, undefined, { as: actor('help-desk', ours()) })
    expect(done).toMatchObject({ status: 200 })
    expect(done.body.released).toHaveLength(3)
    for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
      expect(await waits('ann@ours.test', client), client).toBe(false)
    }
    for (const name of ['a', 'b', 'c', 'd']) await fail(`${name}@ours.test`, '192.0.2.50', 1)
    await fail('a@ours.test', '192.0.2.50', 1)
    expect(await waits('e@ours.test', '192.0.2.50')).toBe(true)
    const freed = await release({ client: '192.0.2.50' }, owner)
    expect(freed.body.released).toHaveLength(2)
    for (const name of ['a', 'e']) {
      expect(await waits(`${name}@ours.test`, '192.0.2.50'), name).toBe(false)
    }
    expect((await release({}, owner)).status).toBe(422)
    expect(api.audited.at(-2)).toMatchObject({ operation: 'heldLogins.release' })
  })

  it('stay held back where it is only tried out', async () => {
    await fail('dry@ours.test', '192.0.2.60')
    const tried = await api.ask('POST /held-logins:release?dryRun=true', {
      account: 'dry@ours.test',
    })
    expect(tried.status).toBe(200)
    expect(await waits('dry@ours.test', '192.0.2.60')).toBe(true)
  })
})
