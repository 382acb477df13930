// Synthesises deployments in this process, with stand-ins for the bundles: what is in those has tests of its own.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { contextOfProject, readDeployment } from '#test/support/deployment/project.ts'
import type { Bundles } from '../../cdk/bundles.ts'
import { addChecks } from '../../cdk/checks.ts'
import type { Deployment } from '../../cdk/configuration.ts'
import { createMailSystem } from '../../cdk/mail-system.ts'

export const stackNames = ['data', 'network', 'pipeline', 'edge', 'api', 'operations'] as const
export type StackName = (typeof stackNames)[number]

export type Resource = {
  readonly Type: string
  readonly Properties: { readonly [name: string]: unknown }
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly DependsOn?: readonly string[]
}

export type Template = {
  readonly Resources: { readonly [id: string]: Resource }
  readonly Outputs?: {
    readonly [key: string]: { readonly Value: unknown; readonly Export?: unknown }
  }
}

/** What it is is tested with the command (command.test.ts). */
const IDLE_USD_STAND_IN = '12.34'

export type Found = Resource & { readonly id: string; readonly stack: StackName }

export type Synthesis = {
  readonly deployment: Deployment
  readonly templates: { readonly [name in StackName]: Template }
  /** Those that CloudFormation does not delete. */
  readonly protectedStacks: readonly StackName[]
  readonly report: unknown
  /** Of all stacks. */
  find(type: string): readonly Found[]
}

export function synthesize(file: string, options: { readonly checked?: boolean } = {}): Synthesis {
  const deployment = readDeployment(file)
  const isChecked = options.checked === true
  const folder = mkdtempSync(join(tmpdir(), 'postwolke-cdk-'))
  try {
    const app = new App({
      outdir: join(folder, 'out'),
      context: { ...contextOfProject(), '@aws-cdk/core:validationReportPrettyPrint': false },
      analyticsReporting: false,
      builtinCloudFormationValidation: isChecked,
    })
    createMailSystem(app, deployment, standInBundles(folder), IDLE_USD_STAND_IN)
    if (isChecked) addChecks(app, deployment)
    const assembly = app.synth()
    const made = new Map(assembly.stacks.map((stack) => [stack.stackName, stack]))
    // One without an API has no stack of it.
    const template = (name: StackName): Template =>
      made.get(`${deployment.name}-${name}`)?.template ?? { Resources: {} }
    const templates = {
      data: template('data'),
      network: template('network'),
      pipeline: template('pipeline'),
      edge: template('edge'),
      api: template('api'),
      operations: template('operations'),
    }
    const isProtected = (name: StackName) =>
      made.get(`${deployment.name}-${name}`)?.terminationProtection === true
    return {
      deployment,
      templates,
      protectedStacks: stackNames.filter(isProtected),
      report: isChecked ? readJson(join(folder, 'out/validation-report.json')) : undefined,
      find: (type) =>
        stackNames.flatMap((stack) =>
          Object.entries(templates[stack].Resources)
            .filter(([, { Type }]) => Type === type)
            .map(([id, resource]) => ({ ...resource, id, stack })),
        ),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function standInBundles(folder: string): Bundles {
  const made = (name: string, file: string) => {
    const path = join(folder, name)
    mkdirSync(path)
    writeFileSync(join(path, file), `// ${name}\n`)
    return path
  }
  return {
    image: made('edge', 'Dockerfile'),
    functionCode: (name) => made(name, 'index.mjs'),
  }
}

/** The value at a dotted path. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => Object(inner)[name], value)
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}
