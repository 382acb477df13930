// The dependency direction of docs/ARCHITECTURE.md, and the places where AWS and the environment may be touched.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Each layer may import itself and the layers before it. Of two that hold a file, that of the longer name counts. */
const layers: readonly (readonly string[])[] = [
  ['shared/runtime', 'shared/text'],
  ['shared/mail', 'shared/dns'],
  ['shared/settings'],
  // Who may what is words and a table: below all that stores who somebody is.
  ['shared/contracts', 'shared/administration/rights'],
  ['shared/smtp', 'shared/imap', 'shared/sasl', 'shared/net'],
  ['shared/storage'],
  ['shared/rates'],
  ['shared/directory', 'shared/mailbox'],
  ['shared/message'],
  ['shared/search'],
  ['shared/sieve'],
  ['shared/auth', 'shared/queue'],
  ['shared/identity'],
  ['shared/jobs', 'shared/events', 'shared/figures', 'shared/spans'],
  ['shared/moving'],
  ['shared/administration'],
  ['services'],
  ['services/assembly'],
  ['services/one-machine', 'services/aws'],
  ['services/cli'],
  ['cdk'],
]

const files = globSync('{shared,services,cdk}/**/*.ts', { cwd: root }).sort()

/** Project files that a file imports, and packages. */
function imports(file: string): { readonly files: string[]; readonly packages: string[] } {
  const source = readFileSync(join(root, file), 'utf8')
  const names = [...source.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map((m) => m[1] ?? '')
  const inside = names.filter((name) => /^[#.]/.test(name))
  return {
    files: inside.map((name) =>
      name.startsWith('#') ? name.slice(1) : relative(root, join(root, dirname(file), name)),
    ),
    packages: names.filter((name) => !/^[#.]/.test(name)),
  }
}

function layerOf(file: string): number {
  let found = -1
  let length = 0
  for (const [i, folders] of layers.entries()) {
    for (const folder of folders) {
      if (folder.length <= length || !file.startsWith(`${folder}/`)) continue
      found = i
      length = folder.length
    }
  }
  return found
}

const service = (file: string) => /^services\/([^/]+)\//.exec(file)?.[1]
const compositionRoots = new Set(['assembly', 'one-machine', 'aws', 'cli'])

/** Every set of files that import each other, types included, directly or by way of others (Tarjan 1972). */
function circles(): string[][] {
  const known = new Set(files)
  const found: string[][] = []
  const numbers = new Map<string, number>()
  const path: string[] = []
  const visit = (file: string): number => {
    const number = numbers.size
    numbers.set(file, number)
    path.push(file)
    let lowest = number
    for (const imported of imports(file).files.filter((each) => known.has(each))) {
      if (!numbers.has(imported)) lowest = Math.min(lowest, visit(imported))
      else if (path.includes(imported)) lowest = Math.min(lowest, numbers.get(imported) ?? 0)
    }
    if (lowest === number) {
      const circle = path.splice(path.indexOf(file))
      if (circle.length > 1) found.push(circle.sort())
    }
    return lowest
  }
  for (const file of files) if (!numbers.has(file)) visit(file)
  return found
}

describe('imports', () => {
  it('has a layer for every file', () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([])
  })

  it('points one way', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .files.filter((imported) => layerOf(imported) > layerOf(file))
        .map((imported) => `${file} imports ${imported}`),
    )
    expect(wrong).toEqual([])
  })

  it('goes in no circle, types included', () => {
    expect(circles()).toEqual([])
  })

  it('keeps protocols out of what is stored, read and searched', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .files.filter(
          (imported) =>
            /^shared\/(mail|mailbox|message|search)\//.test(file) &&
            /^shared\/(imap|smtp|sasl|net)\//.test(imported),
        )
        .map((imported) => `${file} imports ${imported}`),
    )
    expect(wrong).toEqual([])
  })

  it('takes nothing from the tests', () => {
    const wrong = files.filter((file) =>
      imports(file).files.some((imported) => imported.startsWith('test/')),
    )
    expect(wrong).toEqual([])
  })

  it('lets services meet only in contracts, never import each other', () => {
    const wrong = files.flatMap((file) => {
      const mine = service(file)
      if (mine === undefined || compositionRoots.has(mine)) return []
      return imports(file)
        .files.filter((imported) => (service(imported) ?? mine) !== mine)
        .map((imported) => `${file} imports ${imported}`)
    })
    expect(wrong).toEqual([])
  })

  it('lets commands decide nothing: they ask administration, and only what opens a store sees it', () => {
    const openers = [
      ...[
        'context',
        'store-context',
        'services',
        'program',
        'serving',
        'welcome',
        'storage',
        'deployment',
      ],
      'config',
    ]
    const wrong = files.flatMap((file) => {
      const [, command] = /^services\/cli\/([a-z-]+)\.ts$/.exec(file) ?? []
      if (command === undefined || openers.includes(command)) return []
      return imports(file)
        .files.filter((imported) => /^shared\/(directory|mailbox|queue|storage)\//.test(imported))
        .map((imported) => `${file} imports ${imported}`)
    })
    expect(wrong).toEqual([])
  })

  it('keeps AWS packages in the AWS driver, the entries for AWS and the deployment', () => {
    const wrong = files.filter(
      (file) =>
        !/^(cdk|(shared\/storage|services)\/aws)\//.test(file) &&
        imports(file).packages.some(
          (name) => name.startsWith('@aws-sdk/') || name.startsWith('aws-'),
        ),
    )
    expect(wrong).toEqual([])
  })

  it('lets the deployment know of the services nothing but their environment', () => {
    const wrong = files.flatMap((file) =>
      imports(file)
        .files.filter(
          (imported) =>
            file.startsWith('cdk/') &&
            imported.startsWith('services/') &&
            imported !== 'services/aws/environment.ts' &&
            // The console is built where the bundles are.
            !(file === 'cdk/bundles.ts' && imported.startsWith('services/console/')),
        )
        .map((imported) => `${file} imports ${imported}`),
    )
    expect(wrong).toEqual([])
  })

  it('reads the environment only where a process starts', () => {
    const wrong = files.filter(
      (file) =>
        !/^services\/cli\/(?:postfix\/)?main\.ts$/.test(file) &&
        !/^services\/aws\/[^/]+\.ts$/.test(file) &&
        /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(wrong).toEqual([])
  })
})
