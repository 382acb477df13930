// Our Secrets Manager, asked by the SDK.

import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type PutSecretValueCommandInput,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type SecretsManager,
  startSecretsManager,
} from '#test/support/deployment/secrets-manager.ts'

let secrets: SecretsManager
let client: SecretsManagerClient
let count = 0
let name = ''

beforeAll(async () => {
  secrets = await startSecretsManager()
  client = new SecretsManagerClient({
    endpoint: secrets.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'x' },
    maxAttempts: 1,
  })
})
beforeEach(() => {
  name = `postwolke/secret-${count++}`
})
afterAll(async () => {
  client.destroy()
  await secrets.close()
})

describe('a secret', () => {
  it('has an ARN that ends in six characters, and is found by name, by ARN and without them', async () => {
    const arn = secrets.put(name, 'value')
    expect(arn).toMatch(/^arn:aws:secretsmanager:eu-central-1:000000000000:secret:.+-\w{6}$/)
    for (const SecretId of [name, arn, arn.slice(0, -7)]) {
      expect(await value({ SecretId })).toMatchObject({
        ARN: arn,
        Name: name,
        SecretString: 'value',
        VersionStages: ['AWSCURRENT'],
      })
    }
    expect(secrets.get(name)).toBe('value')
    expect(secrets.get(arn)).toBe('value')
  })

  it('may be made without a value, and is then not found when asked for it', async () => {
    await client.send(new CreateSecretCommand({ Name: name }))
    await expect(value({ SecretId: name })).rejects.toThrow(ResourceNotFoundException)
    expect(await client.send(new DescribeSecretCommand({ SecretId: name }))).toMatchObject({
      Name: name,
      VersionIdsToStages: {},
    })
    expect(secrets.get(name)).toBeUndefined()
    await put({ SecretString: 'later' })
    expect(await value({ SecretId: name })).toMatchObject({ SecretString: 'later' })
  })
})

describe('versions', () => {
  it('move the labels AWSCURRENT and AWSPREVIOUS on', async () => {
    secrets.put(name, 'one')
    const first = await value({ SecretId: name })
    await put({ SecretString: 'two' })
    expect(await value({ SecretId: name })).toMatchObject({ SecretString: 'two' })
    expect(await value({ SecretId: name, VersionStage: 'AWSPREVIOUS' })).toMatchObject({
      SecretString: 'one',
      VersionId: first.VersionId,
    })
    const third = await put({ SecretString: 'three' })
    expect(third.VersionStages).toEqual(['AWSCURRENT'])
    expect(await value({ SecretId: name, VersionStage: 'AWSPREVIOUS' })).toMatchObject({
      SecretString: 'two',
    })
    // Without a label, but still there for who knows its id.
    const { VersionId = '' } = first
    expect(await value({ SecretId: name, VersionId })).toMatchObject({ VersionStages: [] })
    const both = { SecretId: name, VersionId, VersionStage: 'AWSCURRENT' }
    await expect(value(both)).rejects.toThrow(ResourceNotFoundException)
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: name }))
    expect(Object.values(VersionIdsToStages ?? {})).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']])
  })

  it('have the token of their request as id: the same request again changes nothing', async () => {
    secrets.put(name, 'one')
    const ClientRequestToken = crypto.randomUUID()
    const first = await put({ SecretString: 'two', ClientRequestToken })
    expect(first.VersionId).toBe(ClientRequestToken)
    await put({ SecretString: 'three' })
    const again = await put({ SecretString: 'two', ClientRequestToken })
    expect(again).toMatchObject({
      VersionId: ClientRequestToken,
      VersionStages: ['AWSPREVIOUS'],
    })
    expect(secrets.get(name)).toBe('three')
    await expect(put({ SecretString: 'other', ClientRequestToken })).rejects.toThrow(
      ResourceExistsException,
    )
  })
})

function value(input: { SecretId: string; VersionId?: string; VersionStage?: string }) {
  return client.send(new GetSecretValueCommand(input))
}

function put(input: Omit<PutSecretValueCommandInput, 'SecretId'>) {
  return client.send(new PutSecretValueCommand({ SecretId: name, ...input }))
}
