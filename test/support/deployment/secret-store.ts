// Secrets, their versions and staging labels, after the API reference of Secrets Manager. Inputs and answers are those of the wire.

import { randomUUID } from 'node:crypto'
import { type JsonRecord, listOf, textOf } from './json.ts'
import { secretArnOf, secretNameOf } from './secret-arn.ts'
import type { Place } from './wire-request.ts'

/** Of a value, text or binary. */
const VALUE_BYTES_MAX = 65_536
const CURRENT = 'AWSCURRENT'
const PREVIOUS = 'AWSPREVIOUS'

type Value = { readonly SecretString?: string; readonly SecretBinary?: string }
type Version = {
  readonly value: Value
  readonly stages: Set<string>
  readonly createdSeconds: number
}
type Secret = {
  readonly name: string
  readonly arn: string
  readonly versions: Map<string, Version>
}

export class SecretError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class SecretStore {
  readonly #place: Place
  readonly #secrets = new Map<string, Secret>()

  constructor(place: Place) {
    this.#place = place
  }

  has(secretId: string): boolean {
    return this.#secrets.has(secretNameOf(secretId))
  }

  create(input: JsonRecord): object {
    const name = textOf(input.Name) ?? ''
    if (name === '') throw new SecretError('InvalidParameterException', 'Name')
    if (this.#secrets.has(name)) {
      throw new SecretError('ResourceExistsException', `the secret ${name} already exists`)
    }
    const arn = secretArnOf(name, this.#place)
    const secret: Secret = { name, arn, versions: new Map() }
    const value = valueIn(input)
    const versionId = value && addVersion(secret, input, value)
    this.#secrets.set(name, secret)
    return { ARN: arn, Name: name, ...(versionId !== undefined && { VersionId: versionId }) }
  }

  put(input: JsonRecord): object {
    const secret = this.#secret(input)
    const value = valueIn(input)
    if (value === undefined) throw new SecretError('InvalidParameterException', 'no value')
    const versionId = addVersion(secret, input, value)
    const stages = [...(secret.versions.get(versionId)?.stages ?? [])]
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: stages }
  }

  value(input: JsonRecord): object {
    const secret = this.#secret(input)
    const [versionId, version] = findVersion(secret, input)
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: versionId,
      VersionStages: [...version.stages],
      CreatedDate: version.createdSeconds,
      ...version.value,
    }
  }

  describe(input: JsonRecord): object {
    const { arn, name, versions } = this.#secret(input)
    const staged = [...versions].filter(([, { stages }]) => stages.size > 0)
    const stages = staged.map(([id, version]): [string, string[]] => [id, [...version.stages]])
    return { ARN: arn, Name: name, VersionIdsToStages: Object.fromEntries(stages) }
  }

  current(secretId: string): string | undefined {
    const versions = this.#secrets.get(secretNameOf(secretId))?.versions.values() ?? []
    return [...versions].find(({ stages }) => stages.has(CURRENT))?.value.SecretString
  }

  #secret({ SecretId: id }: JsonRecord): Secret {
    const secret = this.#secrets.get(secretNameOf(textOf(id) ?? ''))
    if (secret === undefined) throw notFound('the specified secret')
    return secret
  }
}

/** Its id is the request's token: the same request again changes nothing, another with its token is refused. */
function addVersion(secret: Secret, input: JsonRecord, value: Value): string {
  const versionId = textOf(input.ClientRequestToken) ?? randomUUID()
  const existing = secret.versions.get(versionId)
  if (existing !== undefined) {
    if (JSON.stringify(existing.value) === JSON.stringify(value)) return versionId
    throw new SecretError('ResourceExistsException', `version ${versionId} has another value`)
  }
  const version = { value, stages: new Set<string>(), createdSeconds: Date.now() / 1_000 }
  secret.versions.set(versionId, version)
  const stages = input.VersionStages === undefined ? [CURRENT] : listOf(input.VersionStages)
  for (const stage of stages) moveStage(secret, String(stage), version)
  return versionId
}

/** A label is on one version at a time; the version that was current becomes the previous one. */
function moveStage(secret: Secret, stage: string, to: Version): void {
  const from = [...secret.versions.values()].find(({ stages }) => stages.has(stage))
  from?.stages.delete(stage)
  to.stages.add(stage)
  if (stage === CURRENT && from !== undefined) moveStage(secret, PREVIOUS, from)
}

function findVersion(secret: Secret, input: JsonRecord): readonly [string, Version] {
  const id = textOf(input.VersionId)
  const stage = textOf(input.VersionStage) ?? (id === undefined ? CURRENT : undefined)
  for (const [versionId, version] of secret.versions) {
    const hasStage = stage === undefined || version.stages.has(stage)
    if (hasStage && (id === undefined || id === versionId)) return [versionId, version]
  }
  throw notFound(`the specified secret value for ${stage ?? id}`)
}

function valueIn(input: JsonRecord): Value | undefined {
  const text = textOf(input.SecretString)
  const binary = textOf(input.SecretBinary)
  if (text === undefined && binary === undefined) return undefined
  const bytes = text === undefined ? Buffer.from(binary ?? '', 'base64') : Buffer.from(text)
  if (bytes.length > VALUE_BYTES_MAX) {
    throw new SecretError('InvalidParameterException', `a value above ${VALUE_BYTES_MAX} bytes`)
  }
  return text === undefined ? { SecretBinary: binary ?? '' } : { SecretString: text }
}

function notFound(what: string): SecretError {
  return new SecretError('ResourceNotFoundException', `Secrets Manager can't find ${what}.`)
}
