// Restore and compaction are killed before each change that they make to the file system, one after the other. Whatever moment it was: who
// opens the folder meets a whole store or is told to run it again, running it again ends well, and what was there before is all there.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compactStore } from '#shared/storage/embedded/compact.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { restoreBackup } from '#shared/storage/embedded/restore.ts'
import { UnusableStore } from '#shared/storage/unusable-store.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = new URL('../..', import.meta.url)
const pathOf = (name: string) => fileURLToPath(new URL(`test/support/${name}`, root))
/** More changes than it makes. */
const CHANGES_MAX = 60

const resources = new AsyncDisposableStack()
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  await made(at('old'), 'old')
  await made(at('new'), 'new')
  await using store = await openEmbeddedStore({ directory: at('new') })
  await store.backUp({ to: at('backup') })
  // What is killed keeps nothing that was compiled: one that ends does.
  await killedAt(Number.POSITIVE_INFINITY, 'restore', at('first'), at('backup'))
  await killedAt(Number.POSITIVE_INFINITY, 'compact', at('first'))
})
afterAll(() => resources.disposeAsync())

/** Of a size that has a file of its own. */
const bytesOf = (name: string) => Buffer.alloc(80_000, `${name} `)

async function made(directory: string, name: string): Promise<void> {
  await using store = await openEmbeddedStore({ directory })
  for (const n of [1, 2, 3]) {
    await store.objects.put(`${name}/${n}`, bytesOf(`${name} ${n}`))
    await store.tables.directory.batchWrite([{ put: { pk: name, sk: String(n) } }])
  }
}

/** What is stored; undefined: it refuses to be opened, and says to run the restore again. */
async function contentOf(directory: string): Promise<readonly string[] | undefined> {
  try {
    await using store = await openEmbeddedStore({ directory })
    const found: string[] = []
    for (const name of ['old', 'new']) {
      const { items } = await store.tables.directory.query({ pk: name })
      for (const { sk } of items) {
        const bytes = await store.objects.read(`${name}/${sk}`)
        const isWhole = bytes !== undefined && bytesOf(`${name} ${sk}`).equals(bytes)
        found.push(`${name} ${sk}${isWhole ? '' : ' is lost'}`)
      }
    }
    return found
  } catch (error) {
    if (!(error instanceof UnusableStore)) throw error
    expect(error.message).toContain('a restore of it has not come to its end; run it again')
    return undefined
  }
}

const all = (name: string) => [1, 2, 3].map((n) => `${name} ${n}`)

/** True: it was killed. */
async function killedAt(n: number, ...words: readonly string[]): Promise<boolean> {
  const child = spawn(
    process.execPath,
    ['--import', pathOf('killed-at.mjs'), pathOf('maintenance-child.ts'), ...words],
    {
      env: { ...process.env, KILL_AT: String(n), NODE_COMPILE_CACHE: at('compiled') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code, signal] = await once(child, 'close')
  expect({ code: code ?? signal, said }).toEqual({ code: signal ?? 0, said: '' })
  return signal === 'SIGKILL'
}

describe('a kill at any moment', { timeout: 120_000 }, () => {
  it('of a restore in place of another store loses neither', async () => {
    let n = 1
    for (; n < CHANGES_MAX; n++) {
      const target = at(`restored-${n}`)
      await cp(at('old'), target, { recursive: true })
      const isKilled = await killedAt(n, 'restore', target, at('backup'))
      const now = await contentOf(target)
      if (!isKilled) {
        expect(now).toEqual(all('new'))
        break
      }
      expect([undefined, all('old'), all('new')]).toContainEqual(now)
      await restoreBackup({
        from: at('backup'),
        directory: target,
        force: true,
        change: (item) => item,
      })
      expect({ n, now: await contentOf(target) }).toEqual({ n, now: all('new') })
      // One whole folder of what was there, and none that has only a part of it.
      const aside = (await readdir(target)).filter((name) => name.startsWith('before-restore-'))
      const kept = await Promise.all(aside.map((name) => contentOf(join(target, name))))
      expect({ n, kept }).toMatchObject({ n, kept: expect.arrayContaining([all('old')]) })
    }
    expect(n).toBeGreaterThan(12)
    expect(n).toBeLessThan(CHANGES_MAX)
  })

  it('of a compaction leaves the store whole, and another one ends', async () => {
    let n = 1
    for (; n < CHANGES_MAX; n++) {
      const target = at(`compacted-${n}`)
      await cp(at('old'), target, { recursive: true })
      const before = (await stat(join(target, 'store.mdb'))).size
      const isKilled = await killedAt(n, 'compact', target)
      expect({ n, now: await contentOf(target) }).toEqual({ n, now: all('old') })
      if (!isKilled) break
      const done = await compactStore(target)
      expect(done.bytesAfter).toBeLessThanOrEqual(before)
      expect({ n, now: await contentOf(target) }).toEqual({ n, now: all('old') })
      expect(await readdir(target)).not.toContain('store.mdb.compacted')
    }
    expect(n).toBeGreaterThan(3)
    expect(n).toBeLessThan(CHANGES_MAX)
  })
})
