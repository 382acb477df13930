// A data folder that is not what it was: refused by name, before lmdb maps a file that would end the process.

import { randomBytes } from 'node:crypto'
import { copyFile, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open as openLmdb } from 'lmdb'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type EmbeddedStore, openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { lockForServing } from '#shared/storage/embedded/serving-lock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const PAGE = 4096
const item = { pk: 'p', sk: 's', n: 1 }

let directory: string
let file: string
let marker: string

beforeEach(async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  directory = join(folder.path, 'data')
  file = join(directory, 'store.mdb')
  marker = join(directory, 'store.json')
  await withStore(async (store) => {
    await store.tables.mail.write({ put: item })
    for (let n = 0; n < 40; n++) await store.objects.put(`o${n}`, randomBytes(30_000))
  })
})

async function withStore(work: (store: EmbeddedStore) => Promise<unknown>): Promise<void> {
  await using store = await openEmbeddedStore({ directory })
  await work(store)
}

const opening = () => withStore(async () => {})

describe('a store file', () => {
  it.each([
    ['to nothing', () => 0, /store\.mdb is empty; restore the whole data folder from a backup/],
    ['within its first page', () => 100, /store\.mdb is no store of Postwolke/],
    ['to its first page', () => PAGE, /store\.mdb is no store of Postwolke/],
    ['to its meta pages', () => 2 * PAGE, /store\.mdb is cut short: 8192 of \d+ bytes are left/],
    ['to its half', (bytes: number) => bytes >> 1, /store\.mdb is cut short/],
    ['by a page', (bytes: number) => bytes - PAGE, /store\.mdb is cut short/],
  ])('cut %s is refused', async (_, size, message) => {
    await truncate(file, size((await stat(file)).size))
    await expect(opening()).rejects.toThrow(message)
    await expect(opening()).rejects.toThrow('restore the whole data folder from a backup')
  })

  it.each([
    ['its beginning', 0, Buffer.alloc(PAGE)],
    ['its second page', PAGE, Buffer.alloc(PAGE)],
    ['all of it', 0, Buffer.alloc(100_000, 'From alice@example.test\n')],
    ['its beginning with noise', 0, randomBytes(2 * PAGE)],
    ['the size of its pages', 48, Buffer.from([1, 2, 3, 4])],
    ['its roots', 136, Buffer.alloc(8, 0x7f)],
  ])('overwritten in %s is refused', async (_, position, bytes) => {
    await using handle = await open(file, 'r+')
    await handle.write(bytes, 0, bytes.length, position)
    await expect(opening()).rejects.toThrow('store.mdb is no store of Postwolke, or was overwr')
  })

  it('of another version of lmdb is refused', async () => {
    await using handle = await open(file, 'r+')
    for (const page of [0, PAGE]) await handle.write(Buffer.from([9]), 0, 1, page + 28)
    await expect(opening()).rejects.toThrow('store.mdb is of version 9 of its format, not 2')
  })

  it('that was removed is missed', async () => {
    await rm(file)
    await expect(opening()).rejects.toThrow('store.mdb is absent')
    // Nothing was made in its place.
    await expect(stat(file)).rejects.toThrow('ENOENT')
  })

  it('of another data folder, or a new one, is not taken for it', async () => {
    const other = await temporaryFolder()
    onTestFinished(() => other[Symbol.asyncDispose]())
    await (await openEmbeddedStore({ directory: other.path }))[Symbol.asyncDispose]()
    await copyFile(join(other.path, 'store.mdb'), file)
    await expect(opening()).rejects.toThrow(/store\.mdb is the store .*names the store/)
    await rm(file)
    await openLmdb({ path: file, noSubdir: true }).close()
    await expect(opening()).rejects.toThrow(/store\.mdb is a new and empty one/)
  })

  it('that is shorter than its last page, and has all that counts, is opened', async () => {
    // lmdb does not write pages at the end that a transaction took and gave back.
    const root = openLmdb({ path: file, noSubdir: true, maxDbs: 64, encoding: 'binary' })
    const spare = root.openDB({ name: 'spare', encoding: 'binary' })
    await root.transaction(() => {
      for (let n = 0; n < 10; n++) spare.put(n, Buffer.alloc(50_000))
      for (let n = 0; n < 10; n++) spare.remove(n)
    })
    await root.close()
    await withStore(async (store) => expect(await store.tables.mail.get(item)).toEqual(item))
  })

  it('is missed together with its folder of large objects', async () => {
    await rm(join(directory, 'objects'), { recursive: true })
    await expect(opening()).rejects.toThrow("the folder 'objects' is missing")
  })
})

describe('the marker of a store', () => {
  it('comes to a data folder that had none', async () => {
    const root = openLmdb({ path: file, noSubdir: true, maxDbs: 64, encoding: 'binary' })
    await root.openDB({ name: 'about', encoding: 'binary', keyEncoding: 'binary' }).clearAsync()
    await root.close()
    await rm(marker)
    await withStore(async (store) => expect(await store.tables.mail.get(item)).toEqual(item))
    const { store: id, format } = JSON.parse(await readFile(marker, 'utf8'))
    expect(format).toBe(1)
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    await opening()
  })

  it('is written anew, with the name that the store has', async () => {
    const before = await readFile(marker, 'utf8')
    await rm(marker)
    await opening()
    expect(await readFile(marker, 'utf8')).toBe(before)
  })

  it('of a newer format is refused, also where only the store tells', async () => {
    const { store: id } = JSON.parse(await readFile(marker, 'utf8'))
    const newer = JSON.stringify({ store: id, format: 2 })
    await writeFile(marker, newer)
    await expect(opening()).rejects.toThrow(
      'it was written by a newer version of Postwolke (format 2, this one knows 1)',
    )
    await rm(marker)
    const root = openLmdb({ path: file, noSubdir: true, maxDbs: 64, encoding: 'binary' })
    const about = root.openDB({ name: 'about', encoding: 'binary', keyEncoding: 'binary' })
    await about.put(Buffer.from('store'), Buffer.from(newer))
    await root.close()
    await expect(opening()).rejects.toThrow('newer version')
  })

  it('of an older format is raised by whoever writes a newer one, and the older program refuses it', async () => {
    const { store: id } = JSON.parse(await readFile(marker, 'utf8'))
    await (await openEmbeddedStore({ directory, format: 2 }))[Symbol.asyncDispose]()
    expect(JSON.parse(await readFile(marker, 'utf8'))).toEqual({ store: id, format: 2 })
    await expect(opening()).rejects.toThrow(
      'newer version of Postwolke (format 2, this one knows 1)',
    )
    await rm(marker)
    await expect(opening()).rejects.toThrow('newer version')
    await (await openEmbeddedStore({ directory, format: 3 }))[Symbol.asyncDispose]()
    expect(JSON.parse(await readFile(marker, 'utf8'))).toEqual({ store: id, format: 3 })
  })

  it.each(['', '{', 'null', '{"store":1,"format":1}'])('that says %j is refused', async (text) => {
    await writeFile(marker, text)
    await expect(opening()).rejects.toThrow('store.json says nothing of the store')
  })
})

describe('the lock for serving', () => {
  it('is had by one, who is named, until it is given back', async () => {
    const first = await lockForServing(directory, Date.UTC(2026, 10, 29))
    await expect(lockForServing(directory, 0)).rejects.toThrow(
      `it is in use by process ${process.pid}, started 2026-11-29T00:00:00.000Z; stop it, or use another --data`,
    )
    first[Symbol.dispose]()
    ;(await lockForServing(directory, 0))[Symbol.dispose]()
  })

  it('says so where nobody knows who has it', async () => {
    using _lock = await lockForServing(directory, 0)
    await rm(join(directory, 'serve.json'))
    await expect(lockForServing(directory, 0)).rejects.toThrow('in use by another process')
  })
})
