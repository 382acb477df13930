// The shelf of an account's scripts, on the directory of an embedded store: RFC 5804 §1.6 and §2.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { Directory } from '#shared/directory/directory.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import {
  createScriptShelf,
  SCRIPT_NAME_CHARACTERS_MAX,
  type ScriptShelf,
  scriptName,
} from '#shared/sieve/shelf.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let directory: Directory
let shelf: ScriptShelf
const ann: Address = must(parseAddress('ann@a.test'))
let id: AccountId

const text = (script: string) => Buffer.from(script)
const limits = { scriptBytesMax: 1_000, scriptsMax: 3, storageBytesMax: 2_000 }
const textOf = async (name: string) => Buffer.from(must(await shelf.read(id, name)).text).toString()
const profile = async () => must(await directory.accounts.get(ann)).script
const isFiltered = async () => (await directory.expand([ann])).local[0]?.filtered

beforeAll(async () => {
  world = await openAdministration()
  await world.administration.domains.add({ domain: 'a.test' })
  await world.administration.accounts.add({ address: 'ann@a.test', secret: hashOfA })
  directory = world.pipeline.backend.directory
  id = must(await directory.accounts.get(ann)).id
  shelf = createScriptShelf({ scripts: directory.scripts, vocabulary, limits })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('scripts of an account', () => {
  it('are put, read and listed, and none is active by that', async () => {
    const put = await shelf.put(id, 'work', text('keep;'))
    expect(put).toMatchObject({ kind: 'put', isNew: true, isActive: false })
    expect(await textOf('work')).toBe('keep;')
    expect(await shelf.list(id)).toMatchObject({
      scripts: [{ name: 'work', bytes: 5 }],
      active: null,
    })
    expect(await profile()).toBeNull()
    expect(await isFiltered()).toBe(false)
  })

  it('are not stored where they are wrong, and what was there stays', async () => {
    expect(await shelf.put(id, 'work', text('kep;'))).toMatchObject({
      kind: 'refused',
      findings: [{ line: 1, message: 'no command is named kep' }],
    })
    expect(await textOf('work')).toBe('keep;')
  })

  it('say on account and address which one is active, with the version of its text', async () => {
    expect(await shelf.activate(id, 'work')).toEqual({ kind: 'activated', before: null })
    const first = await profile()
    expect(first?.name).toBe('work')
    expect(await isFiltered()).toBe(true)
    await shelf.put(id, 'work', text('discard;'))
    const second = await profile()
    expect(second?.version).toBeGreaterThan(first?.version ?? 0)
    expect((await shelf.read(id, 'work'))?.version).toBe(second?.version)
    await shelf.rename(id, 'work', 'renamed')
    expect((await profile())?.name).toBe('renamed')
    expect(await textOf('renamed')).toBe('discard;')
    expect(await shelf.read(id, 'work')).toBeUndefined()
    expect(await shelf.remove(id, 'renamed')).toEqual({ kind: 'is-active' })
    expect(await shelf.activate(id, null)).toEqual({ kind: 'activated', before: 'renamed' })
    expect(await profile()).toBeNull()
    expect(await isFiltered()).toBe(false)
    expect(await shelf.remove(id, 'renamed')).toEqual({ kind: 'removed' })
    expect(await shelf.list(id)).toEqual({ scripts: [], active: null })
  })

  it('are no more and no larger than settings allow', async () => {
    const large = text(`# ${'x'.repeat(797)}\n`)
    expect(await shelf.put(id, 'a', text(`#${'x'.repeat(1_000)}`))).toEqual({
      kind: 'too-large',
      max: 1_000,
    })
    expect(await shelf.put(id, 'a', large)).toMatchObject({ kind: 'put' })
    expect(await shelf.put(id, 'b', large)).toMatchObject({ kind: 'put' })
    expect(await shelf.put(id, 'c', large)).toEqual({ kind: 'no-room', max: 2_000 })
    expect(await shelf.put(id, 'c', text('keep;'))).toMatchObject({ kind: 'put' })
    expect(await shelf.hasRoom(id, 'd', 1)).toEqual({ kind: 'too-many', max: 3 })
    // In place of one that is there is always room for as much.
    expect(await shelf.hasRoom(id, 'a', 800)).toEqual({ kind: 'fits' })
  })

  it('are refused for whom does not exist', async () => {
    expect(await shelf.activate(id, 'nothing')).toEqual({ kind: 'no-such-script' })
    expect(await shelf.rename(id, 'nothing', 'x')).toEqual({ kind: 'no-such-script' })
    expect(await shelf.rename(id, 'a', 'b')).toEqual({ kind: 'exists' })
    expect(await shelf.put('0'.repeat(16) as AccountId, 'a', text('keep;'))).toEqual({
      kind: 'gone',
    })
  })

  it('of the administrator are never active', async () => {
    expect(await shelf.put(null, 'before', text('keep;'))).toMatchObject({ kind: 'put' })
    expect(await shelf.activate(null, 'before')).toEqual({ kind: 'no-such-script' })
    expect(await shelf.list(null)).toMatchObject({ scripts: [{ name: 'before' }] })
  })

  it('written at the same time are all there', async () => {
    await shelf.remove(id, 'a')
    await shelf.remove(id, 'b')
    await shelf.remove(id, 'c')
    await Promise.all(['x', 'y', 'z'].map((name) => shelf.put(id, name, text('keep;'))))
    expect((await shelf.list(id)).scripts.map(({ name }) => name)).toEqual(['x', 'y', 'z'])
  })

  it('go with their account', async () => {
    await shelf.activate(id, 'x')
    await world.administration.accounts.remove('ann@a.test')
    expect(await shelf.list(id)).toEqual({ scripts: [], active: null })
    await world.administration.accounts.add({ address: 'ann@a.test', secret: hashOfA })
    expect(await isFiltered()).toBe(false)
  })
})

describe('names of scripts (§1.6)', () => {
  it.each(['a', 'clever"script', '夏', 'a/b', ' ', 'x'.repeat(SCRIPT_NAME_CHARACTERS_MAX)])(
    '%s is one',
    (name) => expect(scriptName(name)).toBe(name),
  )
  it.each([
    '',
    'a\nb',
    'a\u007f',
    '\u0085',
    '\u2028',
    '\ud800',
    'x'.repeat(SCRIPT_NAME_CHARACTERS_MAX + 1),
    '__proto__',
  ])('%j is none', (name) => expect(scriptName(name)).toBeUndefined())
  it('that look the same are the same', () => expect(scriptName('e\u0301')).toBe('\u00e9'))
})
