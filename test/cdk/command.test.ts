// The command itself, as an operator runs it: no account, no network, no Docker.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { deploymentFiles } from './deployment-files.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND_MS_MAX = 120_000

type Run = { readonly code: number; readonly output: string }

/** With nothing of the environment that could name an account, and proxies that lead nowhere. */
function cdk(folder: string, ...more: readonly string[]): Promise<Run> {
  const program = join(root, 'node_modules/aws-cdk/bin/cdk')
  const args = [program, 'synth', '--quiet', '--output', join(folder, 'out'), ...more]
  const nowhere = 'http://127.0.0.1:9'
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    CI: '1',
    CDK_DISABLE_VERSION_CHECK: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}

it('cdk synth makes six templates', { timeout: COMMAND_MS_MAX }, async () => {
  await using folder = await temporaryFolder()
  const { code, output } = await cdk(folder.path, '--context', 'deployment=cdk/deployment.toml')
  expect({ code, output }).toMatchObject({ code: 0 })
  expect(output).toMatch(
    /^cdk\/deployment\.toml makes the mail system postwolke at mail\.example\.org\.$/m,
  )
  expect(output).toMatch(/^Without any mail it costs about \$\d+\.\d\d a month/m)
  const manifest = JSON.parse(await readFile(join(folder.path, 'out/manifest.json'), 'utf8'))
  const names = Object.keys(manifest.artifacts).filter((name) => /^postwolke-[a-z]+$/.test(name))
  expect(names.sort()).toEqual(
    ['api', 'data', 'edge', 'network', 'operations', 'pipeline'].map((part) => `postwolke-${part}`),
  )
  // What is printed is what the API tells of.
  const [, usd] = /it costs about \$(\d+\.\d\d) a month/.exec(output) ?? []
  const templateOf = async (name: string) =>
    await readFile(join(folder.path, `out/postwolke-${name}.template.json`), 'utf8')
  expect(await templateOf('api')).toContain(`"IDLE_USD_PER_MONTH": "${usd}"`)
  const { Outputs } = JSON.parse(await templateOf('pipeline'))
  expect(Outputs.IdleUsdPerMonth).toEqual({ Value: usd })
  // Nothing has to be looked up.
  expect(manifest.missing).toBeUndefined()
})

it('cdk synth says all that is wrong with a file', { timeout: COMMAND_MS_MAX }, async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'wrong.toml')
  await writeFile(file, deploymentFiles.hobby.replace('small', 'Small').replace('587', '25'))
  const { code, output } = await cdk(folder.path, '--context', `deployment=${file}`)
  expect(code).not.toBe(0)
  expect(output).toContain(`name cannot be 'Small' (from ${file})`)
  expect(existsSync(join(folder.path, 'out/manifest.json'))).toBe(false)
})

it('cdk synth says which file is not there', { timeout: COMMAND_MS_MAX }, async () => {
  await using folder = await temporaryFolder()
  const { code, output } = await cdk(folder.path, '--context', 'deployment=typo.toml')
  expect(code).not.toBe(0)
  expect(output).toMatch(/^cannot read the deployment file: .*'typo\.toml'$/m)
})
