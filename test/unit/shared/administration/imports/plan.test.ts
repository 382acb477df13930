import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFields } from '#shared/administration/fields.ts'
import { accountRows } from '#shared/administration/imports/account-rows.ts'
import type { ImportWhat } from '#shared/administration/imports/imports.ts'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import {
  type ImportOptions,
  type ImportPlan,
  planImport,
  type RowKind,
  type RowOutcome,
} from '#shared/administration/imports/plan.ts'
import type { Accounts } from '#shared/directory/accounts.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import {
  type Administered,
  aHash,
  hashOfA,
  openAdministration,
} from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
})
afterEach(() => world[Symbol.asyncDispose]())

const plan = (what: ImportWhat, text: string) =>
  world.administration.imports.plan(what, sourceOf(Buffer.from(text)))

async function sound(what: ImportWhat, text: string) {
  const found = await plan(what, text)
  if (found.kind !== 'plan') throw new Error(JSON.stringify(found.problems))
  return found
}

async function run(what: ImportWhat, text: string, options: ImportOptions = {}) {
  return await Array.fromAsync((await sound(what, text)).run(options))
}

async function problems(what: ImportWhat, text: string) {
  const found: ImportPlan = await plan(what, text)
  return found.kind === 'faulty' ? found.problems : []
}

describe('an import', () => {
  it('tells of each row what became of it, in the order of the rows', async () => {
    await world.administration.accounts.add({ address: 'ben@a.test', secret: hashOfA })
    await world.administration.accounts.add({
      address: 'cat@a.test',
      secret: hashOfA,
      quota: '5MB',
    })
    const text = [
      'address,password_hash,quota',
      `ann@a.test,${aHash},`,
      `ben@a.test,${aHash},`,
      `cat@a.test,${aHash},7MB`,
    ].join('\n')
    const outcomes: RowOutcome[] = [
      { line: 2, key: 'ann@a.test', kind: 'added' },
      { line: 3, key: 'ben@a.test', kind: 'unchanged' },
      {
        line: 4,
        key: 'cat@a.test',
        kind: 'refused',
        refusal: { kind: 'differs', field: 'address', value: 'cat@a.test' },
      },
    ]
    expect((await sound('accounts', text)).rows).toBe(3)
    expect(await run('accounts', text, { dryRun: true })).toEqual(outcomes)
    expect(await run('accounts', text)).toEqual(outcomes)
    const kinds = (await run('accounts', text, { update: true })).map(({ kind }) => kind)
    expect(kinds).toEqual(['unchanged', 'unchanged', 'changed'])
    expect(await world.administration.accounts.show('cat@a.test')).toMatchObject({
      account: { quotaBytes: 7 * 1024 ** 2 },
    })
    // A dry run is none.
    expect(world.lines.filter(({ message }) => message === 'accounts imported')).toEqual([
      { added: 1, changed: 0, unchanged: 1, of: 3, message: 'accounts imported' },
      { added: 0, changed: 1, unchanged: 2, of: 3, message: 'accounts imported' },
    ])
  })

  it('takes no address that could not be added by hand', async () => {
    const long = `${'x'.repeat(65)}@a.test`
    expect(await problems('accounts', `${long}:${aHash}\n`)).toMatchObject([
      { line: 1, refusal: { rule: { name: 'own-address' }, value: long } },
    ])
  })

  it('may be run again from its beginning, wherever it ended', async () => {
    const text = Array.from({ length: 400 }, (_, n) => `u${n}@a.test:${aHash}\n`).join('')
    const outcomes = (await sound('accounts', text)).run({})
    expect(await outcomes.next()).toMatchObject({ value: { line: 1, kind: 'added' } })
    await outcomes.return(undefined)
    // What was begun is done and counted; the rest is not.
    const [line] = world.lines.filter(({ message }) => message === 'accounts imported')
    expect(line).toMatchObject({ of: 400, changed: 0 })
    const added = Number(line?.added)
    expect(added).toBeGreaterThan(0)
    expect(added).toBeLessThan(400)
    const again = await run('accounts', text)
    expect(again.filter(({ kind }) => kind === 'unchanged')).toHaveLength(added)
    expect(again.filter(({ kind }) => kind === 'added')).toHaveLength(400 - added)
  })

  it('gives an account whose password cannot be compared that of the row only with an update', async () => {
    const text = `ann@a.test:${aHash}\n`
    const password = Buffer.from('a secret')
    await world.administration.accounts.add({
      address: 'ann@a.test',
      secret: async () => ({ kind: 'password', password }),
    })
    const scheme = async () => {
      const shown = await world.administration.accounts.show('ann@a.test')
      return shown.kind === 'account' ? shown.account.password : undefined
    }
    expect(await run('accounts', text)).toMatchObject([{ kind: 'unchanged' }])
    expect(await scheme()).toEqual({ kind: 'known', scheme: 'argon2id' })
    expect(await run('accounts', text, { update: true })).toMatchObject([{ kind: 'changed' }])
    expect(await scheme()).toEqual({ kind: 'known', scheme: 'des-crypt' })
  })

  it('does what it can, and passes a failure of the store on', async () => {
    const settled: string[] = []
    const kind: RowKind<{ readonly key: string }> = {
      many: 'domains',
      field: 'domain',
      columns: ['domain'],
      parse: (row) => ({ kind: 'ok', value: { key: row.kind === 'line' ? row.text : '' } }),
      standing: async () => 'missing',
      async add(some) {
        if (settled.length > 0) throw new TemporaryFailure('the store is away')
        settled.push(...some.map(({ key }) => key))
        return some.map(({ key }) =>
          key === 'x1' ? { kind: 'exists', field: 'domain', value: key } : undefined,
        )
      },
      update: async () => undefined,
    }
    const text = Array.from({ length: 300 }, (_, n) => `x${n}`).join('\n')
    const { directory, log } = world.pipeline.backend
    const planned = await planImport(kind, sourceOf(Buffer.from(text)), { directory, log })
    if (planned.kind !== 'plan') throw new Error(planned.kind)
    const outcomes: RowOutcome[] = []
    await expect(async () => {
      for await (const outcome of planned.run({})) outcomes.push(outcome)
    }).rejects.toThrow('the store is away')
    expect(outcomes).toHaveLength(settled.length)
    expect(outcomes[1]).toMatchObject({ key: 'x1', kind: 'refused', refusal: { kind: 'exists' } })
    expect(world.lines.at(-1)).toMatchObject({ added: settled.length - 1, of: 300 })
  })

  it('does nothing where a row is wrong, and keeps some of very many problems', async () => {
    const text = `${'nonsense\n'.repeat(1_200)}ann@a.test:${aHash}\n`
    const found = await plan('accounts', text)
    expect(found).toMatchObject({ kind: 'faulty', count: 1_200 })
    expect(found.kind === 'faulty' && found.problems).toHaveLength(1_000)
    expect(await world.administration.accounts.show('ann@a.test')).toMatchObject({
      kind: 'no-such-account',
    })
  })

  it('names rows twice and domains that are not here, once each', async () => {
    const text = `x@b.test:${aHash}\nann@a.test:${aHash}\ny@b.test:${aHash}\nAnn@a.test:${aHash}`
    expect(await problems('accounts', text)).toEqual([
      {
        line: 1,
        refusal: { kind: 'no-such-domain', field: 'domain', value: 'b.test', domain: 'b.test' },
      },
      {
        line: 4,
        refusal: {
          kind: 'bad-value',
          field: 'row',
          value: 'ann@a.test',
          rule: { name: 'once', firstLine: 2 },
        },
      },
    ])
  })
})

describe('rows of accounts', () => {
  it.each([
    ['nonsense', { field: 'row', rule: { name: 'passwd-line' } }],
    ['@:x', { field: 'address', rule: { name: 'mail-address' } }],
    ['ann@a.test:', { field: 'row', rule: { name: 'passwd-line' } }],
    ['ann@a.test:{WHAT}x', { field: 'password', value: '', rule: { name: 'hash' } }],
    [`ann@a.test:${aHash}:::::: quota_rule=*:storage=9999999999999T`, { field: 'quota' }],
    ['address,password,password_hash\na@a.test,x,y', { rule: { name: 'not-both' } }],
    ['address,password\na@a.test,', { rule: { name: 'password-or-hash' } }],
    [`address,password\na@a.test,a secret\0b`, { field: 'password', rule: { name: 'password' } }],
    ['address,password,enabled\na@a.test,a secret,perhaps', { field: 'enabled', value: 'perhaps' }],
    ['address,what\na@a.test,x', { field: 'heading', value: 'what', rule: { name: 'column' } }],
  ])('are refused: %j', async (text, refusal) => {
    expect((await problems('accounts', text))[0]).toMatchObject({
      refusal: { kind: 'bad-value', ...refusal },
    })
  })

  it('are refused where another was quicker', async () => {
    const row = `ann@a.test:${aHash}:::::: quota_rule=*:storage=1G\n`
    await run('accounts', row)
    const { directory, mailbox, log } = world.pipeline.backend
    /** With what another process has made of the account meanwhile. */
    async function runBeside(meanwhile: Partial<Accounts>, text: string) {
      const beside = { ...directory, accounts: { ...directory.accounts, ...meanwhile } }
      const fields = createFields({ defaultDomain: '' })
      const kind = accountRows({ directory: beside, mailbox }, fields)
      const planned = await planImport(kind, sourceOf(Buffer.from(text)), { directory, log })
      if (planned.kind !== 'plan') throw new Error(planned.kind)
      return await Array.fromAsync(planned.run({ update: true }))
    }
    const address = { field: 'address', value: 'ann@a.test' }
    const removed = { set: async () => ({ kind: 'no-such-account' }) as const }
    expect(await runBeside(removed, row.replace('1G', '2G'))).toMatchObject([
      { kind: 'refused', refusal: { kind: 'no-such-account', ...address } },
    ])
    expect(await runBeside({ get: async () => undefined }, row)).toMatchObject([
      { kind: 'refused', refusal: { kind: 'exists', ...address } },
    ])
  })
})

describe('rows of aliases', () => {
  it.each([
    ['x@ ann@a.test', { field: 'alias' }],
    ['x@a.test', { field: 'targets', value: 'x@a.test', rule: { name: 'target-count', count: 0 } }],
    ['x@a.test |/bin/cat', { field: 'targets', rule: { name: 'no-program' } }],
  ])('are refused: %j', async (text, refusal) => {
    expect(await problems('aliases', text)).toMatchObject([
      { line: 1, refusal: { kind: 'bad-value', ...refusal } },
    ])
  })

  it('are known by the line that they begin in, and warn once all are there', async () => {
    const text = 'a@a.test b@a.test,\n  far@away.test\nb@a.test: a@a.test\n'
    const planned = await sound('aliases', text)
    expect(await Array.fromAsync(planned.run({}))).toEqual([
      { line: 1, key: 'a@a.test', kind: 'added' },
      { line: 3, key: 'b@a.test', kind: 'added' },
    ])
    expect(await Array.fromAsync(planned.warnings())).toEqual([])
    const loop = await sound('aliases', 'c@a.test c@a.test\n')
    await Array.fromAsync(loop.run({}))
    expect(await Array.fromAsync(loop.warnings())).toMatchObject([
      { kind: 'mail-fails', alias: 'c@a.test', end: { reason: 'loop' } },
    ])
  })

  it('are refused where the targets take more than an item holds', async () => {
    const local = 'x'.repeat(60)
    const label = 'y'.repeat(60)
    const targets = Array.from(
      { length: 990 },
      (_, n) => `${local}${n}@${label}.${label}.${label}.${label}.test`,
    )
    expect(await run('aliases', `all@a.test ${targets.join(',')}`)).toMatchObject([
      { kind: 'refused', refusal: { rule: { name: 'target-count', count: 990 } } },
    ])
  })
})

describe('rows of domains', () => {
  it('are the first word of a line, and those that are there are as they should be', async () => {
    expect(await run('domains', 'A.test OK\nb.test\n', { update: true })).toEqual([
      { line: 1, key: 'a.test', kind: 'unchanged' },
      { line: 2, key: 'b.test', kind: 'added' },
    ])
    expect(await problems('domains', 'b..test')).toMatchObject([
      { refusal: { field: 'domain', rule: { name: 'domain-name' } } },
    ])
  })
})
