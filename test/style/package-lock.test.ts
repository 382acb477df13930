// `npm ci` installs what the lock file says and nothing else: a package for another platform that the lock file lacks is missing on that
// platform, or fails the installation on every one.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Locked = {
  readonly version?: string
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
const packages: Readonly<Record<string, Locked>> = read('package-lock.json').packages
const project: Locked = read('package.json')

/** Where Node would find it: beside the package, or in a folder further up. */
function find(name: string, from: string): Locked | undefined {
  for (
    let folder = from;
    ;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]
    if (found !== undefined || !folder.includes('/'))
      return found ?? packages[`node_modules/${name}`]
  }
}

function missing(): readonly string[] {
  return Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })
      .filter((name) => find(name, path) === undefined)
      .map((name) => `${name}, wanted by ${path || 'the project'}`),
  )
}

describe('package-lock.json', () => {
  it('holds every package that another one names, for all platforms', () => {
    expect(missing()).toEqual([])
  })

  it('says what package.json says', () => {
    const { dependencies, devDependencies, optionalDependencies } = packages[''] ?? {}
    expect({ dependencies, devDependencies, optionalDependencies }).toEqual({
      dependencies: project.dependencies,
      devDependencies: project.devDependencies,
      optionalDependencies: project.optionalDependencies,
    })
  })

  // Native code: what is not built for a platform does not start there.
  it.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
    ['darwin', 'x64'],
  ])('has argon2 and lmdb for %s %s', (os, cpu) => {
    const of = (start: string) =>
      Object.entries(packages).filter(
        ([path, locked]) =>
          path.startsWith(`node_modules/${start}`) &&
          locked.os?.includes(os) &&
          locked.cpu?.includes(cpu),
      )
    expect(of('@node-rs/argon2-')).not.toEqual([])
    expect(of('@lmdb/lmdb-')).not.toEqual([])
  })
})
