// What is deployed: one file of each entry that needs nothing beside it, and the folder of the image.

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { functionNames } from '#services/aws/environment.ts'
import { md5Crypt } from '#shared/auth/schemes/md5-crypt.ts'
import { makeBundles } from '../../cdk/bundles.ts'
import { HEALTH_PORT, listenerTable } from '../../cdk/listeners.ts'

const bundles = await makeBundles({ api: 'on' })
const project = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const read = (...path: readonly string[]) => readFileSync(join(...path), 'utf8')

/** Modules that the file imports when it is loaded, and those it may require. */
function imports(code: string): readonly string[] {
  const found = [...code.matchAll(/^import .*?from ['"]([^'"]+)['"];?$/gm)].map(
    ([, name]) => name ?? '',
  )
  return found.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
}

/** Each made once. */
const folderOf = new Map(functionNames.map((name) => [name, bundles.functionCode(name)]))
const codeOf = (name: (typeof functionNames)[number]) => read(folderOf.get(name) ?? '', 'index.mjs')

describe('bundles', () => {
  it.each(functionNames)('of %s need nothing but Node', (name) => {
    const folder = folderOf.get(name) ?? ''
    // What the API serves, and the thread that verifies old hashes.
    const beside = name === 'api' ? ['console.json', 'crypt-worker.mjs'] : []
    expect(readdirSync(folder).sort()).toEqual([...beside, 'index.mjs'])
    expect(imports(codeOf(name))).toEqual([])
  })

  it('of the listeners need the native packages', () => {
    const found = new Set(imports(read(bundles.image, 'index.mjs')))
    expect([...found].sort()).toEqual(['@node-rs/argon2'])
    expect(imports(read(bundles.image, 'crypt-worker.mjs'))).toEqual([])
  })

  it('know nothing of the machine they were made on', () => {
    const root = new URL('../..', import.meta.url).pathname
    const files = [
      ...functionNames.map(codeOf),
      read(bundles.image, 'index.mjs'),
      read(bundles.image, 'sender.mjs'),
    ]
    for (const code of files) expect(code.includes(root)).toBe(false)
  })

  it('are the same every time', async () => {
    const before = codeOf('sweeper')
    expect(read((await makeBundles({ api: 'off' })).functionCode('sweeper'), 'index.mjs')).toBe(
      before,
    )
  })
})

describe('the image', () => {
  const dockerfile = read(bundles.image, 'Dockerfile')

  it('has the entry, the worker it starts, and the native packages at the versions of the project', () => {
    expect(readdirSync(bundles.image).sort()).toEqual([
      'Dockerfile',
      'crypt-worker.mjs',
      'index.mjs',
      'package.json',
      'sender.mjs',
    ])
    expect(JSON.parse(read(bundles.image, 'package.json')).dependencies).toEqual({
      '@node-rs/argon2': project.dependencies['@node-rs/argon2'],
    })
  })

  it('has a worker that computes', async () => {
    const worker = new Worker(join(bundles.image, 'crypt-worker.mjs'))
    try {
      const hash = '$1$saltsalt$'
      worker.postMessage({ id: 1, algorithm: 'md5', password: Buffer.from('secret'), hash })
      const computed = md5Crypt(Buffer.from('secret'), hash)
      expect(await once(worker, 'message')).toEqual([{ id: 1, computed }])
    } finally {
      await worker.terminate()
    }
  })

  it('runs the entry as nobody special and without a shell', () => {
    expect(dockerfile).toMatch(/^USER node$/m)
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", "\/app\/index\.mjs"\]$/m)
  })

  it('says where it listens', () => {
    const ports = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number)
    const listeners = Object.values(listenerTable).map(({ containerPort }) => containerPort)
    expect(ports).toEqual([...listeners, HEALTH_PORT])
  })
})
