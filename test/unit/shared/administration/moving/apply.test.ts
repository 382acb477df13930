// A plan applied: once, again, as a rehearsal, and with items that are refused.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { applyPlan } from '#shared/administration/moving/apply.ts'
import type { ApplyOptions } from '#shared/administration/moving/outcome.ts'
import type { MovingPlan, PlannedItem } from '#shared/moving/configurations/plan.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'

const from = { file: 'f', line: 1 }
const hash = '{CRYPT}9J4sZ/8wapFiA'
const account = (address: string, more: object = {}): PlannedItem => ({
  ...{ kind: 'account', address, hash, quotaBytes: null, enabled: true, from },
  ...more,
})
const alias = (name: string, ...targets: readonly string[]): PlannedItem => ({
  ...{ kind: 'alias', alias: name, targets, from },
})
const domain = (name: string): PlannedItem => ({ kind: 'domain', domain: name, from })
const setting = (path: string, text: string): PlannedItem => ({ kind: 'setting', path, text, from })

const items: readonly PlannedItem[] = [
  setting('smtpdRestrictionClasses', 'strict={ reject_non_fqdn_sender }'),
  setting('smtpdSenderRestrictions', 'check_sender_access table:senders, strict'),
  setting('hostname', 'mail.a.test'),
  setting('recipientDelimiter', '+'),
  alias('info@a.test', 'ann@a.test', 'x@elsewhere.test'),
  alias('@b.test', 'ann@a.test'),
  account('ann@a.test', { quotaBytes: 5 * 1024 ** 2 }),
  account('"a, b"@a.test', { hash: null }),
  account('bob@b.test'),
  { kind: 'forward', address: 'bob@b.test', targets: ['bob@elsewhere.test'], keep: true, from },
  domain('a.test'),
  domain('b.test'),
  {
    ...{ kind: 'table', table: 'senders', use: 'access', from },
    entries: [
      { key: 'bad.test', result: 'REJECT', from },
      { key: 'careful.test', result: 'strict', from },
    ],
  },
]

async function apply(
  { administration }: Administered,
  some: readonly PlannedItem[],
  options: ApplyOptions = {},
): Promise<readonly string[]> {
  const plan: MovingPlan = { from: 'postfix', items: some, notes: [] }
  const told: string[] = []
  for await (const { kind, what, name } of applyPlan(administration, plan, options)) {
    told.push(`${kind} ${what} ${name}`)
  }
  return told
}

const added = [
  ...['added domain a.test', 'added domain b.test'],
  ...['added account ann@a.test', 'added account "a, b"@a.test', 'added account bob@b.test'],
  ...['added alias info@a.test', 'added alias @b.test'],
  'added forward bob@b.test',
  'added table senders',
  ...['for-file setting hostname', 'unchanged setting recipientDelimiter'],
  ...['added setting smtpdRestrictionClasses', 'added setting smtpdSenderRestrictions'],
]

describe('a plan', () => {
  it('is done in an order in which nothing is missing', async () => {
    await using administered = await openAdministration()
    expect(await apply(administered, items)).toEqual(added)
    const { accounts, access, settings } = administered.administration
    expect(await accounts.show('ann@a.test')).toMatchObject({
      account: { quotaBytes: 5 * 1024 ** 2, password: { kind: 'known' } },
    })
    expect(await accounts.show('"a, b"@a.test')).toMatchObject({
      account: { password: { kind: 'no-login' } },
    })
    expect(await accounts.show('bob@b.test')).toMatchObject({
      account: { forward: { to: ['bob@elsewhere.test'], keep: true } },
    })
    expect(await access.page({ table: 'senders' })).toMatchObject({
      items: [{ key: 'bad.test' }, { key: 'careful.test', result: 'strict' }],
    })
    expect(await settings.show('smtpdSenderRestrictions')).toMatchObject({
      setting: { value: 'check_sender_access table:senders, strict' },
    })
  })

  it('is done once: the second time all is there', async () => {
    await using administered = await openAdministration()
    await apply(administered, items)
    const changes = administered.changes.length
    const again = (await apply(administered, items)).toSorted()
    const there = added.map((line) => line.replace(/^added/, 'unchanged')).toSorted()
    expect(again).toEqual(there)
    expect(administered.changes.length).toBe(changes)
  })

  it('is rehearsed without a trace', async () => {
    await using administered = await openAdministration()
    expect(await apply(administered, items, { dryRun: true })).toEqual(added)
    expect(await administered.administration.domains.page({ limit: 10 })).toMatchObject({
      items: [],
    })
    expect(await administered.administration.access.tables()).toMatchObject({ tables: [] })
    expect(administered.changes.filter(({ what }) => what !== 'setting')).toEqual([])
    const { settings } = administered.administration
    expect(await settings.show('smtpdRestrictionClasses')).toMatchObject({ setting: { value: '' } })
    // And then says of what is there that it is.
    await apply(administered, items)
    const rehearsed = await apply(administered, items, { dryRun: true })
    expect(rehearsed.filter((line) => line.startsWith('added'))).toEqual([])
  })

  it.each([false, true])('loses nothing by what is refused (rehearsal: %s)', async (dryRun) => {
    await using administered = await openAdministration()
    const some: readonly PlannedItem[] = [
      domain('a.test'),
      domain('not a domain'),
      account('ann@a.test'),
      account('a b@a.test'),
      account('cat@a.test', { hash: '{NO-SUCH}x' }),
      account('dot@elsewhere.test'),
      account('eve@elsewhere.test'),
      alias('info@a.test', 'ann@a.test'),
      alias('many@a.test', ...Array.from({ length: 2_000 }, (_, n) => `x${n}@b.test`)),
      {
        ...{ kind: 'table', table: 't', use: 'map', from },
        entries: [
          { key: '10.0.0.1/8', result: 'x', from },
          { key: 'ok.test', result: 'x', from },
        ],
      },
      setting('softBounce', 'no'),
      setting('minimalBackoffTime', '2h'),
      setting('maximalBackoffTime', '1h'),
      setting('delayWarningTime', '3h'),
    ]
    const told = await apply(administered, some, { dryRun })
    expect(told.filter((line) => line.startsWith('refused')).toSorted()).toEqual([
      'refused account a b@a.test',
      'refused account cat@a.test',
      'refused account dot@elsewhere.test',
      'refused account eve@elsewhere.test',
      'refused alias many@a.test',
      'refused domain not a domain',
      'refused setting maximalBackoffTime',
      'refused setting minimalBackoffTime',
      'refused table t: 10.0.0.1/8',
    ])
    expect(told.filter((line) => line.startsWith('added'))).toEqual([
      ...['added domain a.test', 'added account ann@a.test', 'added alias info@a.test'],
      ...['added table t', 'added setting delayWarningTime'],
    ])
  })

  it('changes what is other only where it is told to', async () => {
    await using administered = await openAdministration()
    await apply(administered, items)
    const other = [
      account('ann@a.test', { quotaBytes: 1024 ** 3 }),
      alias('info@a.test', 'bob@b.test'),
      { kind: 'forward', address: 'bob@b.test', targets: ['y@elsewhere.test'], keep: false, from },
    ] satisfies readonly PlannedItem[]
    expect(await apply(administered, other)).toEqual([
      ...['refused account ann@a.test', 'refused alias info@a.test', 'refused forward bob@b.test'],
    ])
    expect(await apply(administered, other, { update: true })).toEqual([
      ...['changed account ann@a.test', 'changed alias info@a.test', 'changed forward bob@b.test'],
    ])
  })

  it('brings keys that signed, each once under its selector', async () => {
    await using administered = await openAdministration()
    const { signing } = administered.administration
    const pemOf = () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const key = (selector: string, pem: string, name = 'a.test'): PlannedItem => ({
      ...{ kind: 'signing-key', domain: name, selector, pem, from },
    })
    const [first, second] = [pemOf(), pemOf()]
    const some = [domain('a.test'), key('one', first), key('two', 'x'), key('x', first, 'b.test')]
    const refused = ['refused signing-key two._domainkey.a.test']
    expect(await apply(administered, some, { dryRun: true })).toEqual([
      'added domain a.test',
      'added signing-key one._domainkey.a.test',
      ...refused,
      'refused signing-key x._domainkey.b.test',
    ])
    expect(await apply(administered, some)).toEqual([
      'added domain a.test',
      'added signing-key one._domainkey.a.test',
      ...refused,
      'refused signing-key x._domainkey.b.test',
    ])
    const known = await signing.list('a.test')
    expect(known).toMatchObject({
      keys: expect.arrayContaining([expect.objectContaining({ selector: 'one', imported: true })]),
    })
    expect(await apply(administered, [key('one', first), key('one', second)])).toEqual([
      'unchanged signing-key one._domainkey.a.test',
      'refused signing-key one._domainkey.a.test',
    ])
    expect(await signing.list('a.test')).toEqual(known)
  })
})
