// Reads a cloud assembly, the folder that `cdk synth` writes: its stacks in the order in which they are deployed, and the
// folders of code and of container images that they name.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { list, type Properties, properties, record, text } from './properties.ts'
import type { Template } from './template.ts'

export type Assembly = {
  readonly stacks: readonly Stack[]
  readonly assets: Assets
}

export type Stack = {
  readonly name: string
  readonly template: Template
  /** Undefined when the assembly does not say: it may be deployed anywhere. */
  readonly region: string | undefined
  readonly accountId: string | undefined
}

export type Assets = {
  /** The folder that is uploaded under the key of an object, such as `<hash>.zip`. */
  codeFolder(objectKey: string): string
  /** The build folder of the image with the tag, and its Dockerfile's name in it. */
  image(tag: string): Image
}

export type Image = {
  readonly folder: string
  readonly dockerfile: string
  readonly buildArguments: Readonly<Record<string, string>>
}

export async function readAssembly(folder: string): Promise<Assembly> {
  const manifest = await readJson(join(folder, 'manifest.json'))
  const artifacts = Object.entries(record(manifest, 'artifacts')).map(
    ([id, artifact]) => [id, properties(artifact, id)] as const,
  )
  const files = new Map<string, string>()
  const images = new Map<string, Image>()
  for (const [, artifact] of artifacts) {
    if (text(artifact, 'type') !== 'cdk:asset-manifest') continue
    await readAssets(folder, text(record(artifact, 'properties'), 'file'), files, images)
  }
  const stacks = new Map<string, Stack>()
  for (const [id, artifact] of artifacts) {
    if (text(artifact, 'type') === 'cdk:cloud-assembly')
      throw new Error(`${id}: stages are not known`)
    if (text(artifact, 'type') !== 'aws:cloudformation:stack') continue
    const own = record(artifact, 'properties')
    const template = await readJson(join(folder, text(own, 'templateFile')))
    const [accountId, region] = text(artifact, 'environment').replace('aws://', '').split('/')
    stacks.set(id, {
      name: typeof own.stackName === 'string' ? own.stackName : id,
      template: template as Template,
      region: known(region),
      accountId: known(accountId),
    })
  }
  return { stacks: inOrder(new Map(artifacts), stacks), assets: lookup(files, images) }
}

function known(value: string | undefined): string | undefined {
  return value?.startsWith('unknown-') ? undefined : value
}

async function readAssets(
  folder: string,
  name: string,
  files: Map<string, string>,
  images: Map<string, Image>,
): Promise<void> {
  const manifest = await readJson(join(folder, name))
  for (const file of Object.values(record(manifest, 'files'))) {
    const source = record(properties(file), 'source')
    for (const destination of Object.values(record(properties(file), 'destinations'))) {
      files.set(text(properties(destination), 'objectKey'), join(folder, text(source, 'path')))
    }
  }
  for (const image of Object.values(record(manifest, 'dockerImages'))) {
    const source = record(properties(image), 'source')
    for (const destination of Object.values(record(properties(image), 'destinations'))) {
      images.set(text(properties(destination), 'imageTag'), {
        folder: join(folder, text(source, 'directory')),
        dockerfile: typeof source.dockerFile === 'string' ? source.dockerFile : 'Dockerfile',
        buildArguments: record(source, 'dockerBuildArgs') as Record<string, string>,
      })
    }
  }
}

function lookup(files: ReadonlyMap<string, string>, images: ReadonlyMap<string, Image>): Assets {
  return {
    codeFolder(objectKey) {
      const folder = files.get(objectKey)
      if (folder === undefined) throw new Error(`the assembly has no asset ${objectKey}`)
      return folder
    },
    image(tag) {
      const image = images.get(tag)
      if (image === undefined) throw new Error(`the assembly has no image ${tag}`)
      return image
    },
  }
}

/** Each stack after those it depends on. */
function inOrder(
  artifacts: ReadonlyMap<string, Properties>,
  stacks: ReadonlyMap<string, Stack>,
): readonly Stack[] {
  const ordered: Stack[] = []
  const seen = new Set<string>()
  const visit = (id: string): void => {
    if (seen.has(id)) return
    seen.add(id)
    for (const needed of list(artifacts.get(id) ?? {}, 'dependencies')) visit(String(needed))
    const stack = stacks.get(id)
    if (stack !== undefined) ordered.push(stack)
  }
  for (const id of stacks.keys()) visit(id)
  return ordered
}

async function readJson(path: string): Promise<Properties> {
  return properties(JSON.parse(await readFile(path, 'utf8')), path)
}
