// Scripts as their owner, the administrator and the console see them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Away, awayText, readAway } from '#shared/administration/scripts/away.ts'
import { RULES_MAX } from '#shared/administration/scripts/filters.ts'
import { readRules, rulesText, type SimpleRule } from '#shared/administration/scripts/rules.ts'
import type { TryScript } from '#shared/administration/scripts/trial.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { findings } from '#test/support/sieve.ts'

let world: Administered
const ann = 'ann@a.test'
const bytes = (text: string) => Buffer.from(text)

beforeAll(async () => {
  world = await openAdministration(['sieveQuotaMaxScripts=6', 'sieveMaxScriptSize=2KB'])
  await world.administration.domains.add({ domain: 'a.test' })
  for (const address of [ann, 'bob@a.test', 'eve@a.test']) {
    await world.administration.accounts.add({ address, secret: hashOfA })
  }
})
afterAll(() => world[Symbol.asyncDispose]())

describe('scripts', () => {
  const { put, show, list, activate, rename, remove } = new Proxy(
    {} as Administered['administration']['scripts'],
    {
      get:
        (_, name: 'put') =>
        (...args: Parameters<Administered['administration']['scripts']['put']>) =>
          world.administration.scripts[name](...args),
    },
  )

  it('are put, shown, activated, renamed and removed, and each change is told without its text', async () => {
    const before = world.changes.length
    const text = bytes('# secret plans\nkeep;')
    const stored = await put({ owner: 'ANN@a.test', name: 'work', text, activate: true })
    expect(stored).toMatchObject({
      ...{ kind: 'put', owner: ann, isNew: true },
      script: { name: 'work', bytes: 20, isActive: true },
    })
    expect(await list(ann)).toMatchObject({ scripts: [{ name: 'work', isActive: true }] })
    const shown = await show({ owner: ann, name: 'work' })
    expect(shown.kind === 'script' && Buffer.from(shown.text).toString()).toBe(text.toString())
    expect(await remove({ owner: ann, name: 'work' })).toMatchObject({ kind: 'script-is-active' })
    await rename({ owner: ann, name: 'work', to: 'play' })
    expect(await activate({ owner: ann, name: null })).toMatchObject({ before: 'play' })
    expect(await remove({ owner: ann, name: 'play' })).toMatchObject({ kind: 'removed' })
    const told = world.changes.slice(before)
    expect(told.map(({ before, after }) => [before, after])).toEqual([
      [null, { script: 'work', bytes: 20 }],
      [{ active: null }, { active: 'work' }],
      [{ script: 'work' }, { script: 'play' }],
      [{ active: 'play' }, { active: null }],
      [{ script: 'play' }, null],
    ])
    expect(told.every(({ what, name }) => what === 'script' && name === ann)).toBe(true)
    expect(JSON.stringify(told)).not.toContain('secret plans')
  })

  it('that are wrong are refused with what is wrong, and what was there stays (RFC 5804 §2.6)', async () => {
    await put({ owner: ann, name: 'x', text: bytes('keep;') })
    const refused = await put({ owner: ann, name: 'x', text: bytes('keep;\nkep;') })
    expect(refused).toMatchObject({ kind: 'wrong-script', findings: [{ line: 2 }] })
    const shown = await show({ owner: ann, name: 'x' })
    expect(shown.kind === 'script' && Buffer.from(shown.text).toString()).toBe('keep;')
    await remove({ owner: ann, name: 'x' })
  })

  it('have names and sizes, on both sides of each limit', async () => {
    const text = bytes('keep;')
    const large = (count: number) => Buffer.from('#'.padEnd(count, 'x'))
    const rule = (name: string) => ({ kind: 'bad-value', rule: { name } })
    expect(await put({ owner: ann, name: 'a\nb', text })).toMatchObject(rule('script-name'))
    expect(await put({ owner: ann, name: 'l', text: large(2_049) })).toMatchObject(
      rule('script-bytes'),
    )
    expect(await put({ owner: ann, name: 'l', text: large(2_048) })).toMatchObject({ kind: 'put' })
    for (const name of ['2', '3', '4', '5', '6']) await put({ owner: ann, name, text })
    expect(await put({ owner: ann, name: '7', text })).toMatchObject({ kind: 'too-many', max: 6 })
    expect(await rename({ owner: ann, name: '6', to: '5' })).toMatchObject({ kind: 'exists' })
    for (const name of ['l', '2', '3', '4', '5', '6']) await remove({ owner: ann, name })
  })

  it('are put only as they are known, where that is asked for', async () => {
    const text = bytes('keep;')
    const isAsKnown = (version: number | null) => version === null
    expect(await put({ owner: ann, name: 'v', text, isAsKnown })).toMatchObject({ kind: 'put' })
    expect(await put({ owner: ann, name: 'v', text, isAsKnown })).toMatchObject({
      ...{ kind: 'changed-meanwhile', field: 'script', value: 'v' },
    })
    await remove({ owner: ann, name: 'v' })
  })

  it('of all are kept apart, and none of them is active', async () => {
    const text = bytes('keep;')
    expect(await put({ owner: 'site', name: 'spam', text })).toMatchObject({ owner: null })
    expect(await list('site')).toMatchObject({ scripts: [{ name: 'spam', isActive: false }] })
    expect(await list(ann)).toMatchObject({ scripts: [] })
    const refused = { kind: 'no-such-script', owner: null }
    expect(await activate({ owner: 'site', name: 'spam' })).toMatchObject(refused)
    expect(await remove({ owner: 'site', name: 'spam' })).toMatchObject({ kind: 'removed' })
  })

  it('of nobody are none', async () => {
    const gone = { kind: 'no-such-account', field: 'address', value: 'nobody@a.test' }
    expect(await list('nobody@a.test')).toMatchObject(gone)
    const missing = { kind: 'no-such-script', value: 'none', owner: ann }
    expect(await show({ owner: ann, name: 'none' })).toMatchObject(missing)
    expect(await activate({ owner: ann, name: 'none' })).toMatchObject(missing)
    expect(await rename({ owner: ann, name: 'none', to: 'x' })).toMatchObject(missing)
    expect(await remove({ owner: ann, name: 'none' })).toMatchObject(missing)
  })
})

describe('a script that is tried', () => {
  const letter =
    'Return-Path: <bounce@b.test>\nFrom: Bob <bob@b.test>\nTo: ann@a.test\nSubject: Plan\n\nHi\n'
  const attempt = (script: string, more: Partial<TryScript> = {}) =>
    world.administration.scriptTrials.run({
      owner: 'bob@a.test',
      script: { kind: 'text', text: bytes(script) },
      message: { kind: 'bytes', bytes: bytes(letter) },
      ...more,
    })

  it('tells each test with its result, and what would be done', async () => {
    const tried = await attempt(
      'require ["fileinto", "envelope"];\nif envelope :is "from" "bounce@b.test" {\n  if header :contains "subject" "no" { discard; }\n  fileinto "Work";\n}',
    )
    expect(tried).toMatchObject({
      ...{ kind: 'tried', script: null, from: 'bounce@b.test', to: 'bob@a.test', failure: null },
      trace: [
        { line: 2, name: 'envelope', result: true, depth: 0 },
        { line: 3, name: 'header', result: false, depth: 1 },
        { line: 4, name: 'fileinto', depth: 1 },
      ],
      actions: [{ kind: 'fileinto', folder: 'Work', line: 4 }],
    })
  })

  it('does nothing of it', async () => {
    const before = [world.lines.length, world.changes.length]
    await attempt('redirect "x@far.test";')
    expect(await world.administration.queue.page({})).toMatchObject({ items: [] })
    expect([world.lines.length, world.changes.length]).toEqual(before)
  })

  it('that fails keeps the message, and says where', async () => {
    const tried = await attempt('require "vnd.dovecot.debug";\nrequire "include";\ninclude "none";')
    expect(tried).toMatchObject({
      failure: { script: 'script', line: 3 },
      actions: [{ kind: 'keep', line: 0 }],
    })
  })

  it('is the active one, or one by its name, on a message that is stored', async () => {
    const { administration, pipeline } = world
    const owner = 'eve@a.test'
    await pipeline.accept('From: zoe@z.test\r\nSubject: Stored\r\n\r\nx\r\n', [owner])
    await pipeline.settle()
    const listed = await administration.scriptTrials.messages({ owner, folder: 'INBOX' })
    expect(listed).toMatchObject({
      messages: [{ uid: 1, from: 'zoe@z.test', subject: 'Stored' }],
    })
    const script = 'require "mailbox"; if mailboxexists "Nowhere" { discard; }'
    await administration.scripts.put({ owner, name: 'one', text: bytes(script) })
    const message = { kind: 'stored', folder: 'INBOX', uid: 1 } as const
    const named = { kind: 'named', name: 'one' } as const
    expect(await attempt('', { owner, script: named, message })).toMatchObject({
      ...{
        kind: 'tried',
        script: 'one',
        from: 'sender@remote.test',
        actions: [{ kind: 'keep', line: 0 }],
      },
    })
    const active = { kind: 'active' } as const
    expect(await attempt('', { owner, script: active, message })).toMatchObject({
      ...{ kind: 'no-such-script', value: '' },
    })
    const none = { ...message, uid: 9 }
    expect(await attempt('', { owner, script: named, message: none })).toMatchObject({
      ...{ kind: 'no-such-message', value: '9', folder: 'INBOX' },
    })
    const nowhere = { ...message, folder: 'Nowhere' }
    expect(await attempt('', { owner, script: named, message: nowhere })).toMatchObject({
      ...{ kind: 'no-such-folder', account: owner },
    })
  })

  it('asks what anybody could, and nothing that every object has', async () => {
    const tried = await attempt(
      'require ["environment"]; if environment :contains "constructor" "" { discard; }',
    )
    expect(tried).toMatchObject({ kind: 'tried', failure: null })
  })
})

const rules: readonly SimpleRule[] = [
  { field: 'from', contains: 'boss "the" \\ @a', action: { kind: 'flag', flag: 'flagged' } },
  { field: 'to', contains: 'Änderung', action: { kind: 'file', folder: 'Listen/Ä' } },
  { field: 'subject', contains: '# x', action: { kind: 'forward', to: 'b@b.test', keep: true } },
  { field: 'subject', contains: 'y', action: { kind: 'forward', to: 'b@b.test', keep: false } },
  { field: 'subject', contains: 'spam', action: { kind: 'discard' } },
  { field: 'from', contains: 'read', action: { kind: 'flag', flag: 'seen' } },
]

const away: Away = {
  ...{ from: '2026-12-01', until: '2026-12-24', subject: 'Fort: "weg"' },
  ...{ text: 'Back soon.\n\n.\n"Ann" \\', addresses: ['ann@b.test'] },
}

describe('simple rules', () => {
  it('are scripts without a fault, and read back as they were', () => {
    expect(findings(rulesText(rules))).toEqual([])
    expect(readRules(rulesText(rules))).toEqual(rules)
    for (const one of rules) expect(readRules(rulesText([one]))).toEqual([one])
    expect(readRules(rulesText([]))).toEqual([])
  })

  it('are read with the line ends of whatever brought them', () => {
    expect(readRules(rulesText(rules).replaceAll('\r\n', '\n'))).toEqual(rules)
  })

  it.each([
    'keep;',
    'if {',
    rulesText(rules).replace('# The', '# My'),
    `${rulesText(rules)}keep;\r\n`,
    rulesText(rules).replace('discard;', 'discard; keep;'),
    rulesText(rules).replace('header :contains "from"', 'header :is "from"'),
  ])('are none that somebody wrote into: %#', (text) => {
    expect(readRules(text)).toBeUndefined()
  })
})

describe('the reply while away', () => {
  const always = { ...away, from: null, until: null }
  it.each([
    ['between two days', away],
    ['from a day on', { ...away, until: null }],
    ['until a day', { ...away, from: null }],
    ['always', always],
    ['in few words', { ...always, subject: '', addresses: [] }],
  ])('reads back as it was: %s', (_, one) => {
    expect(readAway(awayText(one))).toEqual(one)
    expect(readAway(awayText(one).replaceAll('\r\n', '\n'))).toEqual(one)
    expect(readAway(`${awayText(one)}keep;`)).toBeUndefined()
  })

  it('is a script without a fault', () => {
    expect(findings(awayText(always))).toEqual([])
    expect(findings(awayText(away))).toEqual([])
  })
})

describe('what the console writes', () => {
  const address = 'eve@a.test'
  const filters = () => world.administration.filters
  const text = async (name: string) => {
    const shown = await world.administration.scripts.show({ owner: address, name })
    return shown.kind === 'script' ? Buffer.from(shown.text).toString() : shown.kind
  }
  const names = async () => {
    const listed = await world.administration.scripts.list(address)
    return listed.kind === 'scripts' ? listed.scripts.map(({ name }) => name) : listed.kind
  }
  const always = { ...away, from: null, until: null }

  it('stands before the script that was active, and that is active again when it goes', async () => {
    const { scripts } = world.administration
    await scripts.put({ owner: address, name: 'one', text: bytes('keep;'), activate: true })
    const on = await filters().setRules({ address, rules })
    expect(on).toMatchObject({ active: 'postwolke', own: 'one', rules, rulesAreOn: true })
    const both = await filters().setAway({ address, isOn: true, away: always })
    expect(both).toMatchObject({ away: always, awayIsOn: true, rulesAreOn: true, own: 'one' })
    expect(await text('postwolke')).toContain(
      'include :personal :optional "postwolke-rules";\r\ninclude :personal :optional "postwolke-away";\r\ninclude :personal :optional "one";\r\n',
    )
    const off = await filters().setAway({ address, isOn: false, away: always })
    expect(off).toMatchObject({ awayIsOn: false, away: always, active: 'postwolke' })
    const none = await filters().setRules({ address, rules: [] })
    expect(none).toMatchObject({ active: 'one', own: 'one', rules: [], rulesAreOn: false })
    expect(await names()).toEqual(['one', 'postwolke-away'])
  })

  it('does what it says', async () => {
    await world.administration.scripts.activate({ owner: address, name: null })
    await filters().setRules({ address, rules })
    await filters().setAway({ address, isOn: true, away: always })
    const tried = await world.administration.scriptTrials.run({
      owner: address,
      script: { kind: 'active' },
      message: { kind: 'bytes', bytes: bytes('From: x@b.test\nTo: x\nSubject: about # x\n\nHi') },
    })
    expect(tried).toMatchObject({
      actions: [
        { kind: 'redirect', to: 'b@b.test' },
        { kind: 'vacation', subject: 'Fort: "weg"' },
        { kind: 'keep' },
      ],
    })
  })

  it('is off while another script is active, and takes that along', async () => {
    const { scripts } = world.administration
    await scripts.activate({ owner: address, name: 'one' })
    expect(await filters().show(address)).toMatchObject({
      ...{ active: 'one', own: 'one', rulesAreOn: false, awayIsOn: false, rules },
    })
    const on = await filters().setRules({ address, rules })
    expect(on).toMatchObject({ own: 'one', rulesAreOn: true, awayIsOn: false })
  })

  it('is left alone once somebody wrote into it', async () => {
    const { scripts } = world.administration
    const mine = bytes('keep;')
    await scripts.put({ owner: address, name: 'postwolke-rules', text: mine })
    expect(await filters().show(address)).toMatchObject({ rules: null, rulesAreOn: true })
    expect(await filters().setRules({ address, rules })).toMatchObject({
      ...{ kind: 'exists', field: 'script', value: 'postwolke-rules' },
    })
    expect(await text('postwolke-rules')).toBe('keep;')
    await scripts.put({ owner: address, name: 'postwolke', text: mine })
    expect(await filters().setAway({ address, isOn: true, away: always })).toMatchObject({
      ...{ kind: 'exists', value: 'postwolke' },
    })
  })

  it('is held against rules first', async () => {
    const rule = (change: Partial<SimpleRule>) => [{ ...(rules[0] as SimpleRule), ...change }]
    const wrong: readonly (readonly [readonly SimpleRule[], string])[] = [
      [rule({ contains: '' }), 'one-line'],
      [rule({ contains: 'a\nb' }), 'one-line'],
      [rule({ action: { kind: 'file', folder: ' ' } }), 'one-line'],
      [rule({ action: { kind: 'forward', to: 'no body', keep: true } }), 'mail-address'],
      [rule({ action: { kind: 'forward', to: 'a@b.test, c@d.test', keep: true } }), 'mail-address'],
      [rule({ action: { kind: 'forward', to: '|sh', keep: true } }), 'no-program'],
      [Array.from({ length: RULES_MAX + 1 }, () => rules[0] as SimpleRule), 'rule-count'],
    ]
    for (const [rules, name] of wrong) {
      const refused = await filters().setRules({ address: ann, rules })
      expect(refused).toMatchObject({ kind: 'bad-value', rule: { name } })
    }
    const wrongly: readonly (readonly [Partial<Away>, string])[] = [
      [{ from: '2026-02-30' }, 'date'],
      [{ until: 'tomorrow' }, 'date'],
      [{ from: '2026-12-02', until: '2026-12-01' }, 'date'],
      [{ subject: 'a\r\nBcc: x' }, 'one-line'],
      [{ text: ' ' }, 'text'],
      [{ addresses: ['@'] }, 'mail-address'],
    ]
    for (const [change, name] of wrongly) {
      const request = { address: ann, isOn: true, away: { ...always, ...change } }
      const refused = await filters().setAway(request)
      expect(refused, JSON.stringify(change)).toMatchObject({ kind: 'bad-value', rule: { name } })
    }
    expect(await filters().show('site')).toMatchObject({ kind: 'no-such-account' })
  })
})
