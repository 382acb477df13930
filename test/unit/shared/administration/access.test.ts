import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccessImportRequest } from '#shared/administration/imports/access-import.ts'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import { type Administered, openAdministration } from '#test/support/administration.ts'

let world: Administered

beforeEach(async () => {
  world = await openAdministration([
    'recipientDelimiter=+',
    'smtpdRestrictionClasses=trusted={ permit_mynetworks }',
  ])
})
afterEach(() => world[Symbol.asyncDispose]())

const access = () => world.administration.access
const set = (key: string, result: string, anyResult = false) =>
  access().set({ table: 't', key, result, anyResult })

async function entries(table = 't'): Promise<unknown> {
  const page = await access().page({ table })
  return page.kind === 'page'
    ? Object.fromEntries(page.items.map(({ key, result }) => [key, result]))
    : page.kind
}

describe('an entry', () => {
  it('is made, changed and removed, and each change is told', async () => {
    expect(await set('Far.test', 'REJECT')).toEqual({
      kind: 'set',
      entry: { key: 'far.test', result: 'REJECT' },
      before: null,
      warnings: [],
    })
    expect(await set('far.test', 'OK')).toMatchObject({ before: 'REJECT' })
    await set('far.test', 'OK')
    await set('192.0.2', 'trusted')
    expect(await entries()).toEqual({ 'far.test': 'OK', '192.0.2.0/24': 'trusted' })
    expect(await access().tables()).toEqual({
      kind: 'tables',
      tables: [{ table: 't', entries: 2 }],
    })
    expect(await access().remove({ table: 't', key: 'FAR.test' })).toEqual({
      kind: 'removed',
      entries: 1,
    })
    expect(await access().remove({ table: 't' })).toEqual({ kind: 'removed', entries: 1 })
    expect(await entries()).toBe('no-such-access-table')
    expect(world.changes.map(({ what, ...change }) => [what, change])).toEqual([
      ['access', { name: 't far.test', before: null, after: { result: 'REJECT' } }],
      ['access', { name: 't far.test', before: { result: 'REJECT' }, after: { result: 'OK' } }],
      ['access', { name: 't 192.0.2.0/24', before: null, after: { result: 'trusted' } }],
      ['access', { name: 't far.test', before: { result: 'OK' }, after: null }],
      ['access', { name: 't', before: { entries: 1 }, after: null }],
    ])
  })

  it.each([
    [{ table: 'a/b' }, { field: 'accessTable', rule: { name: 'table-name' } }],
    [{ key: '192.0.2.1/24' }, { field: 'accessKey', rule: { fault: 'network' } }],
    [{ key: '' }, { field: 'accessKey', rule: { fault: 'empty' } }],
    [{ result: 'REJEKT' }, { field: 'result', rule: { name: 'result' } }],
    [{ result: 'REJECT a\nb' }, { field: 'result', rule: { name: 'result-text' } }],
    [{ result: `REJECT ${'x'.repeat(10_000)}` }, { field: 'result', rule: { bytesMax: 10_000 } }],
    [
      { result: 'x\0', anyResult: true },
      { field: 'result', rule: { name: 'result-text' } },
    ],
  ])('is refused: %j', async (wrong, refusal) => {
    const right = { table: 't', key: 'a.test', result: 'OK' }
    expect(await access().set({ ...right, ...wrong })).toMatchObject({
      kind: 'bad-value',
      ...refusal,
    })
    expect(await entries()).toBe('no-such-access-table')
  })

  it('has any result where a setting only asks whether it is there', async () => {
    expect(await set('far.test', 'x', true)).toMatchObject({ kind: 'set', warnings: [] })
  })

  it('that was meant as a refusal and is a number is warned of', async () => {
    expect(await set('far.test', '550')).toMatchObject({
      warnings: [{ kind: 'code-permits', key: 'far.test', result: '550' }],
    })
  })

  it('that is not there cannot be removed', async () => {
    expect(await access().remove({ table: 't' })).toMatchObject({ kind: 'no-such-access-table' })
    await set('a.test', 'OK')
    expect(await access().remove({ table: 't', key: 'b.test' })).toEqual({
      kind: 'no-such-access-entry',
      field: 'accessKey',
      value: 'b.test',
      table: 't',
    })
  })
})

describe('a question', () => {
  const test = (of: string, value: string) => access().test({ table: 't', of, value })

  beforeEach(async () => {
    await set('far.test', 'REJECT no')
    await set('ann@', 'HOLD')
    await set('192.0.2.0/24', 'OK')
    await set('<>', 'DUNNO')
  })

  it('shows every key up to the one that is found, and what that does', async () => {
    expect(await test('sender', 'Ann+x@mail.far.test')).toEqual({
      kind: 'tested',
      keys: ['ann+x@mail.far.test', 'ann@mail.far.test', 'mail.far.test', '.far.test', 'far.test'],
      address: null,
      hit: { key: 'far.test', result: 'REJECT no' },
      action: { kind: 'reject', status: undefined, text: 'no' },
    })
    expect(await test('recipient', 'ann@b.test')).toMatchObject({ hit: { key: 'ann@' } })
    expect(await test('sender', '<>')).toMatchObject({ keys: ['<>'], hit: { key: '<>' } })
    expect(await test('helo', 'x.far.test')).toMatchObject({ hit: { key: 'far.test' } })
  })

  it.each([
    ['mx.b.test[192.0.2.7]', ['mx.b.test', '.b.test', 'b.test', '.test', 'test'], '192.0.2.7'],
    ['192.0.2.7', ['unknown'], '192.0.2.7'],
    ['[192.0.2.7]', ['unknown'], '192.0.2.7'],
  ])('of the client %s goes on with the address', async (client, keys, address) => {
    expect(await test('client', client)).toMatchObject({
      keys,
      address,
      hit: { key: '192.0.2.0/24', result: 'OK' },
      action: { kind: 'permit' },
    })
  })

  it('may find nothing', async () => {
    expect(await test('client', 'b.test')).toMatchObject({ address: null, hit: null, action: null })
  })

  it('is of one of these kinds', async () => {
    expect(await test('size', '1')).toMatchObject({ field: 'kind', rule: { name: 'one-of' } })
  })
})

describe('an import', () => {
  const run = (text: string, options: Partial<AccessImportRequest> = {}) =>
    access().import({ table: 't', source: sourceOf(Buffer.from(text)), ...options })

  it('takes what postmap takes: comments, blanks, continued lines, quoted keys', async () => {
    const text = [
      '# access',
      '',
      'Far.test\tREJECT  no mail',
      '   from there',
      '# between',
      '',
      '  please',
      '192.0.2     OK\r',
      '"ann smith"@far.test HOLD',
      '<> DUNNO',
    ].join('\n')
    expect(await run(text)).toEqual({
      kind: 'imported',
      added: 4,
      changed: 0,
      unchanged: 0,
      removed: 0,
      problems: [],
      count: 0,
      warnings: [],
    })
    expect(await entries()).toEqual({
      'far.test': 'REJECT  no mail from there please',
      '192.0.2.0/24': 'OK',
      '"ann smith"@far.test': 'HOLD',
      '<>': 'DUNNO',
    })
    expect(world.lines.at(-1)).toEqual({
      added: 4,
      changed: 0,
      unchanged: 0,
      removed: 0,
      table: 't',
      of: 4,
      message: 'access entries imported',
    })
  })

  it('changes what is there, and leaves the rest unless the file is to replace it', async () => {
    await set('a.test', 'OK')
    await set('b.test', 'OK')
    await set('c.test', 'OK')
    const text = 'a.test OK\nb.test REJECT\nd.test OK\n'
    const counts = { added: 1, changed: 1, unchanged: 1 }
    expect(await run(text, { dryRun: true, replace: true })).toMatchObject({
      ...counts,
      removed: 1,
    })
    expect(await entries()).toEqual({ 'a.test': 'OK', 'b.test': 'OK', 'c.test': 'OK' })
    expect(await run(text)).toMatchObject({ ...counts, removed: 0 })
    expect(await entries()).toMatchObject({ 'c.test': 'OK', 'd.test': 'OK' })
    expect(await run(text, { replace: true })).toMatchObject({ unchanged: 3, removed: 1 })
    expect(await entries()).toEqual({ 'a.test': 'OK', 'b.test': 'REJECT', 'd.test': 'OK' })
  })

  const faulty = [
    'a.test OK',
    'b.test',
    '/^spam/ REJECT',
    '!/x/ REJECT',
    'if /x/',
    'endif',
    'c.test REJEKT',
    '192.0.2.1/24 OK',
    'A.test REJECT',
    'd.test OK',
    '"open@e.test OK',
  ].join('\n')

  it('tells all that is wrong, by lines, and does nothing', async () => {
    const imported = await run(faulty)
    if (imported.kind !== 'faulty') throw new Error(imported.kind)
    expect(imported.count).toBe(9)
    expect(
      imported.problems.map(({ line, refusal }) => [
        line,
        'rule' in refusal ? refusal.rule.name : refusal.kind,
      ]),
    ).toEqual([
      [2, 'key-and-result'],
      [3, 'no-patterns'],
      [4, 'no-patterns'],
      [5, 'no-conditions'],
      [6, 'no-conditions'],
      [7, 'result'],
      [8, 'access-key'],
      [9, 'once'],
      [11, 'closed-quotation'],
    ])
    expect(await entries()).toBe('no-such-access-table')
  })

  it('leaves such lines out where that was asked for', async () => {
    expect(await run(faulty, { skipFaulty: true })).toMatchObject({
      kind: 'imported',
      added: 2,
      count: 9,
    })
    expect(await entries()).toEqual({ 'a.test': 'OK', 'd.test': 'OK' })
  })

  it('of networks warns where the order of lines counted and here the smaller one does', async () => {
    const text = [
      '10.1.2.0/24 OK',
      '10.0.0.0/8 REJECT',
      '10.9.0.0/16 OK',
      '2001:db8::/32 REJECT',
      '2001:db8:1::/48 OK',
      '172.16 REJECT',
      '172.16.1 OK',
    ].join('\n')
    expect(await run(text)).toMatchObject({
      warnings: [
        { kind: 'network-order', key: '10.9.0.0/16', within: '10.0.0.0/8' },
        { kind: 'network-order', key: '2001:db8:1::/48', within: '2001:db8::/32' },
      ],
    })
  })

  it('of a list takes any result', async () => {
    expect(await run('a.test x\n', { anyResult: true })).toMatchObject({ added: 1, warnings: [] })
  })

  it('takes as many entries as there are', async () => {
    const lines = Array.from({ length: 1_200 }, (_, i) => `k${i}.test OK`)
    expect(await run(lines.join('\n'))).toMatchObject({ added: 1_200 })
    expect(await access().tables()).toMatchObject({ tables: [{ entries: 1_200 }] })
    expect(await run('', { replace: true })).toMatchObject({ removed: 1_200 })
    expect(await access().tables()).toMatchObject({ tables: [] })
  })
})
