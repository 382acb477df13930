// What every test here begins with: a deployment file, its templates, and the deployment of them with emulators.

import { join } from 'node:path'
import { describe, inject, vi } from 'vitest'
import { type Assembly, readAssembly } from '#test/support/deployment/assembly.ts'
import { type DeploymentOptions, deployLocally } from '#test/support/deployment/deployment.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { synthesize } from '#test/support/deployment/synthesize.ts'
import { dynamoDbEndpoint } from '#test/support/emulators/broker.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

// A deployment is some ten processes that start at the same time, and machines are slow when other tests run beside.
vi.setConfig({ hookTimeout: 240_000, testTimeout: 120_000 })

export const dynamoDbUrl = (await dynamoDbEndpoint(inject('emulatorBrokerUrl'))) ?? ''

/** Left out, and named at the end of the run, where DynamoDB Local does not run. */
export const describeDeployed = describe.skipIf(dynamoDbUrl === '')

/** The smallest deployment file, with more keys, or others in place of these. */
export function deploymentFile(more: { readonly [key: string]: string } = {}, mail = ''): string {
  const keys = {
    name: 'local',
    preset: 'hobby',
    hostname: 'mail.example.test',
    certificate: 'operator',
    // Mail needs none.
    api: 'off',
    ...(more.egress === undefined && { relayhost: '[127.0.0.1]:587' }),
    ...more,
  }
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return [...lines, ...(mail === '' ? [] : ['[mail]', mail]), ''].join('\n')
}

/** For as long as its templates and bundles are needed, which is as long as it runs. */
export async function assemble(resources: AsyncDisposableStack, file: string): Promise<Assembly> {
  const { path } = resources.use(await temporaryFolder())
  await synthesize(file, join(path, 'cdk.out'))
  return readAssembly(join(path, 'cdk.out'))
}

export async function deploy(
  resources: AsyncDisposableStack,
  file: string,
  options: Partial<DeploymentOptions> = {},
): Promise<Deployment> {
  const assembly = await assemble(resources, file)
  return resources.use(await deployLocally({ assembly, dynamoDbUrl, ...options }))
}
