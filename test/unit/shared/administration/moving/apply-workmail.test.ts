// A plan done on a store: again, half, and where something else stands in the way.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyWorkMail } from '#shared/administration/moving/apply-workmail.ts'
import type { WorkMailPlan } from '#shared/moving/workmail/planning.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'

const from = { file: 'WorkMail', line: 0 }
const plan: WorkMailPlan = {
  from: 'workmail',
  notes: [],
  items: [
    { kind: 'alias', alias: 'team@a.test', targets: ['ann@a.test', 'ben@a.test'], from },
    {
      kind: 'account',
      address: 'ann@a.test',
      hash: null,
      quotaBytes: 2 ** 30,
      enabled: true,
      from,
    },
    { kind: 'account', address: 'ben@a.test', hash: null, quotaBytes: null, enabled: true, from },
    { kind: 'domain', domain: 'a.test', from },
  ],
  profiles: new Map([
    ['ann@a.test', { displayName: 'Ann\r\nA', shared: false, workMailId: 'u', megabytes: 1 }],
    [
      'ben@a.test',
      { displayName: 'x'.repeat(300), shared: true, workMailId: 'v', megabytes: null },
    ],
  ]),
  grants: [{ address: 'ben@a.test', grantee: 'ann@a.test', rights: 'lr' }],
}

let world: Administered
beforeEach(async () => {
  world = await openAdministration()
})
afterEach(() => world[Symbol.asyncDispose]())

async function apply(wanted = plan, options = {}): Promise<readonly string[]> {
  const outcomes = await Array.fromAsync(applyWorkMail(wanted, world.administration, options))
  return outcomes.map((one) =>
    one.kind === 'refused'
      ? `${one.what} ${one.name} ${one.refusal.kind}`
      : `${one.what} ${one.name} ${one.kind}`,
  )
}

const added = [
  'domain a.test added',
  'account ann@a.test added',
  'account ben@a.test added',
  'alias team@a.test added',
  'grant ann@a.test in ben@a.test added',
]

describe('a plan', () => {
  it('is done in the order in which one thing needs the other, and the second time not at all', async () => {
    expect(await apply()).toEqual(added)
    const changes = world.changes.length
    expect(await apply()).toEqual(added.map((text) => text.replace(/added$/, 'unchanged')))
    expect(world.changes).toHaveLength(changes)
  })

  it('is rehearsed with the same words, and nothing is done', async () => {
    expect(await apply(plan, { dryRun: true })).toEqual(added)
    expect(world.changes).toEqual([])
    await apply()
    expect(await apply(plan, { dryRun: true })).toEqual(
      added.map((text) => text.replace(/added$/, 'unchanged')),
    )
  })

  it('makes accounts that nobody logs in to yet, with quota, name and purpose', async () => {
    await apply()
    const { accounts } = world.administration
    expect(await accounts.show('ann@a.test')).toMatchObject({
      account: {
        ...{ displayName: 'Ann A', quotaBytes: 2 ** 30, shared: false, enabled: true },
        password: { kind: 'no-login' },
      },
    })
    expect(await accounts.show('ben@a.test')).toMatchObject({
      account: { displayName: 'x'.repeat(100), hasDefaultQuota: true, shared: true },
    })
  })

  it('leaves a password alone that was set meanwhile', async () => {
    await apply()
    const { accounts } = world.administration
    await accounts.set({ address: 'ann@a.test', secret: hashOfA })
    await apply()
    expect(await accounts.show('ann@a.test')).toMatchObject({
      account: { password: { kind: 'known' } },
    })
  })

  it('gives rights in folders that have come since', async () => {
    await apply()
    const { accounts, grants } = world.administration
    const shown = await accounts.show('ben@a.test')
    if (shown.kind !== 'account') throw new Error(shown.kind)
    const { mailbox } = world.pipeline.backend
    await mailbox.folders.create(shown.account.id, 'Projects')
    expect(await apply()).toContain('grant ann@a.test in ben@a.test added')
    const listed = await grants.list({ address: 'ben@a.test', folder: 'Projects' })
    expect(listed).toMatchObject({ grants: [{ grantee: 'ann@a.test', rights: 'lr' }] })
  })

  it('changes no alias that leads elsewhere, and goes on', async () => {
    const { domains, aliases } = world.administration
    await domains.add({ domain: 'a.test' })
    await aliases.add({ alias: 'team@a.test', targets: ['somebody@else.test'] })
    const differs = added.with(0, 'domain a.test unchanged').with(3, 'alias team@a.test differs')
    expect(await apply(plan, { dryRun: true })).toEqual(differs)
    expect(await apply()).toEqual(differs)
    const shown = await aliases.show('team@a.test')
    expect(shown).toMatchObject({ alias: { targets: ['somebody@else.test'] } })
  })

  it('says what is no address, no domain of ours, and nobody', async () => {
    const wrong: WorkMailPlan = {
      ...plan,
      items: [
        { kind: 'domain', domain: 'not a domain', from },
        { kind: 'account', address: 'no address', hash: null, quotaBytes: 0, enabled: true, from },
        { kind: 'account', address: 'x@b.test', hash: null, quotaBytes: 0, enabled: true, from },
        { kind: 'alias', alias: 'y@b.test', targets: ['x@b.test'], from },
      ],
    }
    const refused = [
      'domain not a domain bad-value',
      'account no address bad-value',
      'account x@b.test no-such-domain',
      'alias y@b.test no-such-domain',
      'grant ann@a.test in ben@a.test no-such-account',
    ]
    expect(await apply(wrong, { dryRun: true })).toEqual(refused)
    expect(await apply(wrong)).toEqual(refused)
  })
})
