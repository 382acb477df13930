// A sound store has no findings; every fault that is planted is found as what it is, and what can be mended is mended by it. One store
// for all of them: each fault is put right again from what was there before.

import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assembleAdministration } from '#services/assembly/administration.ts'
import { checkStore } from '#shared/administration/check/check.ts'
import { type FindingKind, findingKinds } from '#shared/administration/check/finding.ts'
import { checkTwice } from '#shared/administration/check/twice.ts'
import type { EmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Item, TableName } from '#shared/storage/ports.ts'
import { aHash } from '#test/support/administration.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

const large = `Subject: large\r\n\r\n${'0123456789\r\n'.repeat(8_000)}`
const clock = manualClock()

let opened: OpenedEmbedded
let store: EmbeddedStore

beforeAll(async () => {
  opened = await openEmbedded({ clock })
  store = opened.store
  const set = ['relayhost=[relay.test]', 'recipientDelimiter=+']
  const pipeline = createPipeline(store, clock, { set })
  const { domains, accounts, aliases } = assembleAdministration(pipeline.backend, () => {})
  const secret = async () => ({ kind: 'hash', hash: aHash }) as const
  await domains.add({ domain: 'here.test' })
  for (const name of ['ann', 'ben']) await accounts.add({ address: `${name}@here.test`, secret })
  await aliases.add({ alias: 'both@here.test', targets: ['ann@here.test', 'ben@here.test'] })
  for (const text of ['Subject: small\r\n\r\nx\r\n', large]) {
    await pipeline.accept(text, ['both@here.test'])
    await pipeline.accept(text, ['ann@here.test'])
  }
  await pipeline.accept('Subject: far\r\n\r\nx\r\n', ['far@away.test'])
  await pipeline.settle()
  const ann = await pipeline.backend.directory.accounts.get({
    local: 'ann',
    domain: 'here.test' as never,
  })
  const { mailbox } = pipeline.backend
  const id = ann?.id
  if (id === undefined) throw new Error('no account')
  const made = await mailbox.folders.create(id, 'Work/Old', [])
  if (made.kind !== 'created') throw new Error(made.kind)
  clock.advance(2 * 24 * 3_600_000)
  await pipeline.accept('Subject: waits\r\n\r\nx\r\n', ['ann@here.test'])
})
afterAll(() => opened.close())

async function findings(options = {}) {
  const found: { kind: FindingKind; mend?: () => Promise<unknown> }[] = []
  for await (const fault of store.faults()) found.push(fault)
  await using reading = store.view()
  const deps = { reading, tables: store.tables, nowMs: clock.now() }
  for await (const finding of checkStore(deps, options)) found.push(finding)
  return found
}

const kinds = async () => (await findings()).map(({ kind }) => kind)

/** The first item that is meant. */
async function item(table: TableName, wanted: (item: Item) => boolean): Promise<Item> {
  await using view = store.view()
  for await (const one of view.items(table)) if (wanted(one)) return one
  throw new Error(`nothing of the kind in ${table}`)
}

type Planted = { readonly undo: () => Promise<unknown> }

/** Changes one item, and puts it back. */
async function change(
  table: TableName,
  wanted: (item: Item) => boolean,
  changed: (item: Item) => Item | undefined,
): Promise<Planted> {
  const before = await item(table, wanted)
  const key = { pk: before.pk, sk: before.sk }
  const after = changed(before)
  await store.tables[table].write(after === undefined ? { delete: key } : { put: after })
  return { undo: () => store.tables[table].write({ put: before }) }
}

async function add(table: TableName, put: Item): Promise<Planted> {
  await store.tables[table].write({ put })
  return { undo: () => store.tables[table].write({ delete: { pk: put.pk, sk: put.sk } }) }
}

const is =
  (pk: string, sk: string, more: (item: Item) => boolean = () => true) =>
  (one: Item) =>
    one.pk.startsWith(pk) && one.sk.startsWith(sk) && more(one)
const inbox = is('A#', 'F#', ({ exists }) => exists === 4)
const group = is('Q#', 'G#', ({ state }) => state !== 'ended')
const waiting = is('Q#', 'META', ({ state }) => state === 'incoming')
const split = is('Q#', 'META', ({ state }) => state === 'active')

async function objectFile(): Promise<string> {
  const folder = join(opened.directory, 'objects')
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) return join(entry.parentPath, entry.name)
  }
  throw new Error('no object file')
}

async function damageFile(damage: (path: string) => Promise<void>): Promise<Planted> {
  const path = await objectFile()
  const bytes = await readFile(path)
  await damage(path)
  return { undo: () => writeFile(path, bytes) }
}

/** An object under another one's key: what its owner says is not what is there. */
async function putObject(key: string, bytes: string): Promise<Planted> {
  const before = await store.objects.read(key)
  await store.objects.put(key, Buffer.from(bytes))
  return {
    undo: () => (before === undefined ? store.objects.delete(key) : store.objects.put(key, before)),
  }
}

async function deleteObject(owner: (item: Item) => boolean, table: TableName): Promise<Planted> {
  const key = String((await item(table, owner)).key)
  const before = (await store.objects.read(key)) ?? new Uint8Array()
  await store.objects.delete(key)
  return { undo: () => store.objects.put(key, before) }
}

/** Kind, whether it can be mended, and how it comes about. */
const faults: readonly [FindingKind, 'mends' | 'stays', string, () => Promise<Planted>][] = [
  // Counters.
  [
    'folder-counters',
    'mends',
    'one message more',
    () => change('mail', inbox, (f) => ({ ...f, exists: 5 })),
  ],
  [
    'folder-counters',
    'mends',
    'another digest',
    () => change('mail', inbox, (f) => ({ ...f, digest: 7 })),
  ],
  ['folder-counters', 'mends', 'bytes', () => change('mail', inbox, (f) => ({ ...f, bytes: 1 }))],
  [
    'folder-children',
    'mends',
    'no child',
    () =>
      change(
        'mail',
        is('A#', 'F#', ({ name }) => name === 'Work'),
        (f) => ({ ...f, children: 0 }),
      ),
  ],
  [
    'folder-parent',
    'stays',
    'below nobody',
    () =>
      change(
        'mail',
        is('A#', 'F#', ({ name }) => name === 'Old'),
        (f) => ({ ...f, parentId: 'gone' }),
      ),
  ],
  [
    'folder-numbers',
    'mends',
    'a uid would come again',
    () => change('mail', inbox, (f) => ({ ...f, uidNext: 2 })),
  ],
  [
    'folder-name',
    'mends',
    'nothing keeps a name',
    () => change('mail', is('A#', 'N#'), () => undefined),
  ],
  [
    'folder-name',
    'mends',
    'a name of nothing',
    () =>
      change('mail', is('A#', 'N#'), (n) => ({ ...n, sk: `${n.sk}x` })).then(async ({ undo }) => ({
        undo: async () => {
          const stray = await item(
            'mail',
            is('A#', 'N#', ({ sk }) => sk.endsWith('x')),
          ).catch(() => undefined)
          if (stray) await store.tables.mail.write({ delete: { pk: stray.pk, sk: stray.sk } })
          await undo()
        },
      })),
  ],
  [
    'usage',
    'mends',
    'bytes',
    () =>
      change(
        'mail',
        is('A#', 'USAGE', ({ messages }) => messages === 4),
        (u) => ({ ...u, bytes: 0 }),
      ),
  ],
  [
    'change-log-gap',
    'mends',
    'an entry is gone',
    () => change('mail', is('F#', 'C#0000000000000003'), () => undefined),
  ],
  [
    'folder-items-stray',
    'stays',
    'messages of no folder',
    () => item('mail', is('F#', 'M#')).then((m) => add('mail', { ...m, pk: 'F#gone' })),
  ],
  // Blobs and objects.
  [
    'message-without-blob',
    'stays',
    'the blob is gone',
    () => change('mail', is('B#', 'META'), () => undefined),
  ],
  [
    'blob-without-object',
    'stays',
    'the object is gone',
    () => deleteObject(is('B#', 'META'), 'mail'),
  ],
  [
    'blob-length',
    'stays',
    'the object is short',
    () => item('mail', is('B#', 'META')).then(({ key }) => putObject(String(key), 'short')),
  ],
  [
    'blob-too-few-references',
    'mends',
    'one less',
    () =>
      change(
        'mail',
        is('B#', 'META', ({ refs }) => refs === 1),
        (b) => ({ ...b, refs: 0 }),
      ),
  ],
  [
    'blob-too-few-references',
    'mends',
    'listed as dead',
    () =>
      change(
        'mail',
        is('B#', 'META', ({ refs }) => refs === 1),
        (b) => ({ ...b, deadPk: 'DEAD', deadSk: '000000000000001#x' }),
      ),
  ],
  [
    'blob-too-many-references',
    'mends',
    'one more',
    () =>
      change(
        'mail',
        is('B#', 'META', ({ refs }) => refs === 1),
        (b) => ({ ...b, refs: 2 }),
      ),
  ],
  [
    'blob-not-dead',
    'mends',
    'nobody removes it',
    () =>
      item(
        'mail',
        is('B#', 'META', ({ refs }) => refs === 1),
      ).then((b) => add('mail', { ...b, pk: 'B#nobody', refs: 0 })),
  ],
  [
    'object-without-owner',
    'mends',
    'an old object of nobody',
    () => putObject('mail/01A0TEXAMP1E000000', 'x'),
  ],
  ['object-bytes-missing', 'stays', 'its file is gone', () => damageFile((path) => rm(path))],
  [
    'object-bytes-length',
    'stays',
    'its file is short',
    () => damageFile((path) => truncate(path, 10)),
  ],
  // The queue.
  ['queued-without-object', 'stays', 'its object is gone', () => deleteObject(waiting, 'queue')],
  [
    'queued-part-missing',
    'stays',
    'its recipients are gone',
    () => change('queue', waiting, (m) => ({ ...m, apart: ['E#0001'] })),
  ],
  [
    'queued-not-due',
    'mends',
    'a message that nobody looks for',
    () => change('queue', waiting, ({ duePk: _, ...m }) => m as Item),
  ],
  [
    'queued-not-due',
    'mends',
    'a group that nobody looks for',
    () => change('queue', group, ({ dueSk: _, ...g }) => g as Item),
  ],
  [
    'queued-not-due',
    'mends',
    'held and not listed',
    () =>
      change('queue', group, ({ duePk: _, dueSk: __, ...g }) => ({ ...g, state: 'hold' }) as Item),
  ],
  [
    'group-count',
    'mends',
    'one group more',
    () => change('queue', split, (m) => ({ ...m, groups: 2 })),
  ],
  [
    'group-without-message',
    'stays',
    'its message is gone',
    () => change('queue', split, () => undefined),
  ],
  // The directory.
  [
    'domain-counts',
    'mends',
    'one account more',
    () => change('directory', is('DOMAINS', ''), (d) => ({ ...d, accounts: 3 })),
  ],
  [
    'address-without-domain',
    'stays',
    'the domain is gone',
    () => change('directory', is('DOMAINS', ''), () => undefined),
  ],
  [
    'address-without-account',
    'stays',
    'the account is gone',
    () => change('directory', is('ACC#', 'PROFILE'), () => undefined),
  ],
  [
    'account-without-address',
    'stays',
    'the address is gone',
    () => change('directory', is('D#', 'L#ann'), () => undefined),
  ],
  [
    'account-differs',
    'mends',
    'enabled here, not there',
    () => change('directory', is('D#', 'L#ann'), (a) => ({ ...a, enabled: false })),
  ],
  [
    'mail-without-account',
    'stays',
    'the account is gone',
    () => change('directory', is('ACC#', 'PROFILE'), () => undefined),
  ],
]

describe('a check of a store', () => {
  it('finds nothing in a sound one, however its passes are cut', async () => {
    expect(await kinds()).toEqual([])
    expect(await findings({ together: 1 })).toEqual([])
  })

  it.each(faults)('finds %s, which %s: %s', async (kind, mends, _, plant) => {
    const planted = await plant()
    try {
      const found = (await findings()).filter((one) => one.kind === kind)
      expect(found.length).toBeGreaterThan(0)
      expect(found.some(({ mend }) => mend !== undefined)).toBe(mends === 'mends')
      if (mends === 'mends') {
        for (const { mend } of await findings()) await mend?.()
        expect(await kinds()).not.toContain(kind)
      }
    } finally {
      await planted.undo()
    }
    expect((await kinds()).filter((one) => one !== 'change-log-gap')).toEqual([])
  })

  it('has a fault for every kind that tables, objects and files can have', () => {
    // Below the ports no fault can be planted through them: test/unit/shared/storage/embedded/faults.test.ts.
    const below = [
      'item-unreadable',
      'index-entry-missing',
      'index-entry-stray',
      'bell-order',
      'object-bytes-stray',
      'object-file-stray',
    ]
    const planted = new Set<string>([...faults.map(([kind]) => kind), ...below])
    expect(Object.keys(findingKinds).filter((kind) => !planted.has(kind))).toEqual([])
  })

  it('looks twice at a store that does not stand still', async () => {
    const { undo } = await change('mail', inbox, (folder) => ({ ...folder, exists: 9 }))
    const looks: string[] = []
    const reading = (mendsAfter: number) => ({
      async *items(table: TableName, prefix: string) {
        if (table === 'directory' && prefix === 'DOMAINS' && looks.push('') === mendsAfter)
          await undo()
        await using view = store.view()
        yield* view.items(table, prefix)
      },
      get: (table: TableName, key: { pk: string; sk: string }) => store.tables[table].get(key),
      objectBytes: (key: string) => store.objects.size(key),
      objects: async function* () {
        yield* (await store.objects.list('')).items
      },
    })
    const look = async (mendsAfter: number) => {
      looks.length = 0
      const deps = { reading: reading(mendsAfter), tables: store.tables, nowMs: clock.now() }
      return (await Array.fromAsync(checkTwice(deps))).map(({ kind }) => kind)
    }
    expect(await look(99)).toEqual(['folder-counters'])
    expect(await look(2)).toEqual([])
  })
})
