// Makes one file of each entry in services/aws, and the folder from which the container image is built. The same sources give
// the same bytes, so that only what changed is deployed.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync } from 'esbuild'
import type { FunctionName } from '#services/aws/environment.ts'
import { buildConsole } from '#services/console/build.ts'
import { packFiles } from '#services/console/files.ts'
import type { Deployment } from './configuration.ts'

export interface Bundles {
  /** Folder of the image that all containers run. */
  readonly image: string
  /** Folder of a function's code. */
  functionCode(name: FunctionName): string
}

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'node_modules/.cache/postwolke/bundles')

/** Native code: the image installs it for its own processor; functions have what does the same by Node alone. */
const nativePackages = { '@node-rs/argon2': './services/aws/argon2.ts' } as const

/** The console is built where there is an API. */
export async function makeBundles({ api }: Pick<Deployment, 'api'>): Promise<Bundles> {
  const console = api === 'on' ? packFiles(await buildConsole()) : ''
  return { image: bundleImage(), functionCode: (name) => bundleFunction(name, console) }
}

/** `console`: what the API serves beside itself. */
function bundleFunction(name: FunctionName, console: string): string {
  const folder = join(target, name)
  write(join(folder, 'index.mjs'), bundle(`services/aws/${name}.ts`, { alias: nativePackages }))
  if (name === 'api') {
    write(join(folder, 'console.json'), console)
    write(join(folder, 'crypt-worker.mjs'), bundle(CRYPT_WORKER))
  }
  return folder
}

/** Verifies crypt(3) hashes in a thread of its own, beside the entry. */
const CRYPT_WORKER = 'shared/auth/schemes/crypt-worker.ts'

function bundleImage(): string {
  const folder = join(target, 'edge')
  write(join(folder, 'index.mjs'), bundle('services/aws/edge.ts'))
  write(join(folder, 'sender.mjs'), bundle('services/aws/sender.ts'))
  write(join(folder, 'crypt-worker.mjs'), bundle(CRYPT_WORKER))
  write(join(folder, 'Dockerfile'), readFileSync(join(root, 'cdk/edge.Dockerfile'), 'utf8'))
  write(join(folder, 'package.json'), `${JSON.stringify(imagePackage(), null, 2)}\n`)
  return folder
}

function bundle(entry: string, more: BuildOptions = {}): string {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: more.alias === undefined ? Object.keys(nativePackages) : [],
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
    // Packages in the older module format load Node's own modules with it.
    banner: { js: requireBanner },
    ...more,
  })
  return (outputFiles ?? []).map(({ text }) => text).join('')
}

const requireBanner =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"

/** The native packages at exactly the project's versions. */
function imagePackage() {
  const project: { readonly dependencies: { readonly [name: string]: string } } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  return {
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(
      Object.keys(nativePackages).map((name) => [name, project.dependencies[name]]),
    ),
  }
}

/** Whole or not at all: several syntheses may run at once, and each copies the folder. */
function write(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = join(target, `${process.pid}.tmp`)
  writeFileSync(unfinished, text)
  renameSync(unfinished, path)
}
