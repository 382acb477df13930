// What a start loads: one machine needs nothing of AWS, and a command nothing of what it does not do.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '#test/support/program.ts'
import { allListenerNames } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const resources = new AsyncDisposableStack()
let folder: string

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
})
afterAll(() => resources.disposeAsync())

/** Names of packages, and paths of our own files from the root on. */
async function loadedBy(...words: readonly string[]): Promise<ReadonlySet<string>> {
  const data = ['--data', join(folder, 'data')]
  return new Set((await urlsOf([...words, ...data], 0)).map(nameOf))
}

async function urlsOf(words: readonly string[], exitCode: number): Promise<readonly string[]> {
  const file = join(folder, 'loaded.json')
  const hook = join(root, 'test/support/loaded-modules.mjs')
  const child = spawn(
    process.execPath,
    ['--import', hook, 'services/cli/postwolke.mjs', ...words],
    { cwd: root, env: { ...process.env, LOADED_MODULES: file }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    if (output.includes('Postwolke is running')) child.kill('SIGTERM')
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  expect({ code, output }).toMatchObject({ code: exitCode })
  return JSON.parse(await readFile(file, 'utf8'))
}

function nameOf(url: string): string {
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return inPackage ?? url.slice(url.indexOf(root) + root.length)
}

const of = (loaded: ReadonlySet<string>, pattern: RegExp) =>
  [...loaded].filter((name) => pattern.test(name))

const aws = /^@aws|^@smithy|aws-sdk|^(shared|services)\/(storage\/)?aws\/|^cdk\//

describe('a command for a deployment on AWS', () => {
  it('says what is missing where only one machine was installed', async () => {
    const hook = join(root, 'test/support/loaded-modules.mjs')
    const words = ['services/cli/postwolke.mjs', 'domain', 'list', '--aws', '/no/outputs.json']
    const ended = await runProgram(process.execPath, ['--import', hook, ...words], {
      environment: { LOADED_MODULES: join(folder, 'none.json'), NOT_INSTALLED: '@aws-sdk/' },
      folder: root,
    })
    expect(ended).toEqual({
      code: 69,
      stdout: '',
      stderr:
        "postwolke: the packages for AWS are not installed; 'npm ci' without --omit=dev installs them\n",
    })
  })
})

describe('what is loaded', () => {
  it('is nothing of AWS on one machine', async () => {
    const ports = allListenerNames.flatMap((name) => ['--set', `listeners.${name}.port=0`])
    const loaded = await loadedBy('serve', ...ports, '--set', 'log.level=error')
    expect(of(loaded, /^services\/imap\//)).not.toEqual([])
    expect(of(loaded, aws)).toEqual([])
    // What answers over HTTP is loaded when somebody asks.
    expect(of(loaded, /node_modules\/(zod|hono|@hono)\/|^services\/api\//)).toEqual([])
    // Nor anything that `npm ci --omit=dev` does not install.
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
    // Some of them others need that are installed.
    const onlyForDevelopment = Object.keys(devDependencies).filter(
      (name) => packages[`node_modules/${name}`].dev === true,
    )
    expect(onlyForDevelopment).toContain('fast-check')
    expect(onlyForDevelopment.filter((name) => loaded.has(name))).toEqual([])
  })

  it.each([
    ['account list', /^(services\/(local|smtp|imap|pop3|policy)\/|pino|nodemailer)/],
    ['alias list', /^(services\/(local|smtp|imap|pop3|policy)\/|pino|@node-rs|nodemailer)/],
    ['queue list', /^(services\/(local|smtp|imap|pop3|policy)\/|pino|@node-rs|nodemailer)/],
    [
      'config show',
      // What was changed while the system ran stands in the store.
      /^(services\/(local|smtp|imap|pop3|policy)\/|pino|@node-rs|shared\/mailbox)/,
    ],
  ])('is what %s needs', async (line, needless) => {
    const loaded = await loadedBy(...line.split(' '))
    expect(of(loaded, /^services\/cli\//)).toContain(`services/cli/${line.split(' ')[0]}.ts`)
    expect(of(loaded, needless)).toEqual([])
    expect(of(loaded, aws)).toEqual([])
  })
})

// A module costs a third of a millisecond of every start, and an import too many brings a hundred. Who has a reason for more raises the number.
describe('how many modules are loaded', () => {
  it.each([
    ['--version', 35],
    ['--help', 185],
    ['queue --help', 60],
    ['account set --help', 65],
    ['completion bash', 185],
    ['domain list --data', 285],
    ['alias list --data', 285],
    ['queue list --data', 360],
    ['account list --data', 430],
    ['config show --data', 240],
  ])('by %s: at most %i', async (line, most) => {
    const words = line.endsWith(' --data')
      ? [...line.split(' '), join(folder, 'data')]
      : line.split(' ')
    const urls = await urlsOf(words, 0)
    expect(urls.length, urls.map(nameOf).join('\n')).toBeLessThanOrEqual(most)
  })

  it('by a command for a server: at most 110, and nothing of a store', async () => {
    // Not signed in there, which is told when everything is loaded.
    const urls = await urlsOf(['queue', 'list', '--server', 'https://mail.example.org'], 77)
    const names = new Set(urls.map(nameOf))
    expect(
      of(
        names,
        /^shared\/(storage\/embedded|directory|settings\/table)\/|^services\/assembly\/[a-z]*(backend|parts|administration)\.ts/,
      ),
    ).toEqual([])
    expect(of(names, /^(lmdb|msgpackr|zod|hono)$/)).toEqual([])
    expect(urls.length, [...names].join('\n')).toBeLessThanOrEqual(110)
  })
})
