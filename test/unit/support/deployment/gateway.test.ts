// The gateway with the project's own SDK clients before it, configured by AWS_ENDPOINT_URL as in a deployment, and the emulators
// behind it.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import {
  ACMClient,
  DescribeCertificateCommand,
  ExportCertificateCommand,
} from '@aws-sdk/client-acm'
import { GetItemCommand, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  Route53Client,
} from '@aws-sdk/client-route-53'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { type AwsClients, closeAwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type Gateway, openGateway } from '#test/support/deployment/gateway.ts'
import type { Statement } from '#test/support/deployment/iam.ts'
import {
  type SecretsManager,
  startSecretsManager,
} from '#test/support/deployment/secrets-manager.ts'
import { createAwsResources } from '#test/support/emulators/aws-resources.ts'
import { dynamoDbEndpoint } from '#test/support/emulators/broker.ts'
import { hasDynamoDb, testFauxqs } from '#test/support/emulators/open-test-aws-store.ts'

const region = 'eu-central-1'
const accountId = '000000000000'
const nowhere = 'http://127.0.0.1:9'
const unique = crypto.randomUUID().slice(0, 8)
const box = `gateway-${unique}`
const queueArns = `arn:aws:sqs:${region}:${accountId}:${box}`

let gateway: Gateway
let secrets: SecretsManager
/** Straight to the emulators, past the gateway. */
let direct: AwsClients
let roles = 0
const opened: { destroy(): void }[] = []

beforeAll(async () => {
  const { endpoint } = await testFauxqs()
  const dynamodb = (await dynamoDbEndpoint(inject('emulatorBrokerUrl'))) ?? nowhere
  secrets = await startSecretsManager({ region, accountId })
  gateway = await openGateway({
    region,
    accountId,
    principals: [],
    backends: { dynamodb, s3: endpoint, sqs: endpoint, secretsmanager: secrets.endpoint },
    async invokeFunction(name, payload) {
      if (name === 'absent') throw new Error('no such function')
      const answer = Buffer.from(JSON.stringify({ name, got: Buffer.from(payload).toString() }))
      return name === 'failing' ? { payload: answer, error: 'Unhandled' } : { payload: answer }
    },
  })
  direct = openAwsClients({
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'x' },
    endpoints: { s3: endpoint, sqs: endpoint, dynamodb },
  })
  await direct.s3.send(new CreateBucketCommand({ Bucket: box }))
  vi.stubEnv('AWS_ENDPOINT_URL', gateway.url)
  vi.stubEnv('AWS_REGION', region)
  // The SDK warns when the host of a queue's URL is not its endpoint: here it must be.
  vi.spyOn(console, 'warn').mockImplementation((message) => {
    throw new Error(String(message))
  })
})

afterEach(() => {
  for (const client of opened.splice(0)) client.destroy()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  closeAwsClients(direct)
  await gateway.close()
  await secrets.close()
})

describe('S3', () => {
  const object = `arn:aws:s3:::${box}/*`

  it('denies another action, and does not carry it out', async () => {
    const { name, clients } = role([allow('s3:PutObject', object)])
    await clients.s3.send(new PutObjectCommand({ Bucket: box, Key: 'kept', Body: 'x' }))
    const target = { Bucket: box, Key: 'kept' }
    await expect(clients.s3.send(new DeleteObjectCommand(target))).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403, attempts: 1 },
    })
    await expect(clients.s3.send(new GetObjectCommand(target))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    await expect(clients.s3.send(new HeadObjectCommand(target))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403, attempts: 1 },
    })
    await direct.s3.send(new HeadObjectCommand(target))
    expect(refusals(name)).toEqual([
      `s3:DeleteObject arn:aws:s3:::${box}/kept not-allowed`,
      `s3:GetObject arn:aws:s3:::${box}/kept not-allowed`,
      `s3:GetObject arn:aws:s3:::${box}/kept not-allowed`,
    ])
  })

  it('denies another resource, also for a body that is still coming', async () => {
    const { name, clients } = role([allow('s3:PutObject', `arn:aws:s3:::${box}/spool/*`)])
    const Body = Buffer.alloc(8 * 1_048_576)
    await expect(
      clients.s3.send(new PutObjectCommand({ Bucket: box, Key: 'elsewhere', Body })),
    ).rejects.toMatchObject({ name: 'AccessDenied' })
    await clients.s3.send(new PutObjectCommand({ Bucket: box, Key: 'spool/1', Body }))
    expect(actions(name)).toEqual(['s3:PutObject', 's3:PutObject'])
  })

  it('tells only those who may list the bucket that an object does not exist', async () => {
    const target = { Bucket: box, Key: 'absent' }
    const blind = role([allow('s3:GetObject', object)])
    await expect(blind.clients.s3.send(new GetObjectCommand(target))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
    expect(refusals(blind.name)).toEqual([`s3:ListBucket arn:aws:s3:::${box} not-allowed`])
    const seeing = role([
      allow('s3:GetObject', object),
      allow('s3:ListBucket', `arn:aws:s3:::${box}`),
    ])
    await expect(seeing.clients.s3.send(new GetObjectCommand(target))).rejects.toMatchObject({
      name: 'NoSuchKey',
    })
    expect(actions(seeing.name)).toEqual(['s3:GetObject', 's3:ListBucket'])
  })

  it('evaluates the prefix of a listing', async () => {
    const Condition = { StringLike: { 's3:prefix': 'spool/*' } }
    const statement = { ...allow('s3:ListBucket', `arn:aws:s3:::${box}`), Condition }
    const { clients } = role([statement])
    await clients.s3.send(new ListObjectsV2Command({ Bucket: box, Prefix: 'spool/' }))
    await expect(clients.s3.send(new ListObjectsV2Command({ Bucket: box }))).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })
})

describe('SQS', () => {
  it('is passed by with the URL of another host, which the SDK prefers to AWS_ENDPOINT_URL', async () => {
    const { name, clients } = role([])
    const QueueName = `${box}-astray`
    await direct.sqs.send(new CreateQueueCommand({ QueueName }))
    const { endpoint } = await testFauxqs()
    const QueueUrl = `${endpoint}/${accountId}/${QueueName}`
    const warned = vi.spyOn(console, 'warn').mockReturnValueOnce()
    await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))
    expect(warned).toHaveBeenCalledOnce()
    expect(callsOf(name)).toEqual([])
  })

  it('denies by action and by queue', async () => {
    const { name, clients } = role([allow('sqs:SendMessage', `${queueArns}-mine`)])
    const send = (queue: string) =>
      new SendMessageCommand({
        QueueUrl: `${gateway.url}/${accountId}/${box}-${queue}`,
        MessageBody: 'x',
      })
    await direct.sqs.send(new CreateQueueCommand({ QueueName: `${box}-mine` }))
    await clients.sqs.send(send('mine'))
    await expect(clients.sqs.send(send('other'))).rejects.toMatchObject({
      name: expect.stringMatching(/^AccessDenied/),
      $metadata: { httpStatusCode: 403, attempts: 1 },
    })
    const receive = new ReceiveMessageCommand({
      QueueUrl: `${gateway.url}/${accountId}/${box}-mine`,
    })
    await expect(clients.sqs.send(receive)).rejects.toMatchObject({
      name: expect.stringMatching(/^AccessDenied/),
    })
    expect(refusals(name)).toEqual([
      `sqs:SendMessage ${queueArns}-other not-allowed`,
      `sqs:ReceiveMessage ${queueArns}-mine not-allowed`,
    ])
  })

  it('needs the permission to tag for a queue made with tags', async () => {
    const { name, clients } = role([allow('sqs:CreateQueue', `${queueArns}-*`)])
    await clients.sqs.send(new CreateQueueCommand({ QueueName: `${box}-plain` }))
    const tagged = new CreateQueueCommand({ QueueName: `${box}-tagged`, tags: { a: 'b' } })
    await expect(clients.sqs.send(tagged)).rejects.toMatchObject({
      name: expect.stringMatching(/^AccessDenied/),
    })
    expect(refusals(name)).toEqual([`sqs:TagQueue ${queueArns}-tagged not-allowed`])
  })
})

describe('Secrets Manager', () => {
  it('evaluates the whole ARN, however a secret is named', async () => {
    const arn = secrets.put(`${box}/tls`, 'one')
    secrets.put(`${box}/other`, 'two')
    const name = addRole([allow('secretsmanager:GetSecretValue', arn)])
    const client = secretsClient(name)
    for (const SecretId of [arn, `${box}/tls`]) {
      const answer = await client.send(new GetSecretValueCommand({ SecretId }))
      expect(answer.SecretString).toBe('one')
    }
    await expect(
      client.send(new GetSecretValueCommand({ SecretId: `${box}/other` })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await expect(
      client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: 'three' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException', $metadata: { attempts: 1 } })
    expect(secrets.get(arn)).toBe('one')
  })
})

describe('Lambda', () => {
  const functions = `arn:aws:lambda:${region}:${accountId}:function`

  it('denies another function', async () => {
    const name = addRole([allow('lambda:InvokeFunction', `${functions}:policy`)])
    const command = new InvokeCommand({ FunctionName: 'cleanup' })
    await expect(lambdaClient(name).send(command)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`lambda:InvokeFunction on resource: ${functions}:cleanup`),
    })
  })
})

describe('ACM and Route 53', () => {
  it('are judged as well, though only a given emulator can answer', async () => {
    const certificate = `arn:aws:acm:${region}:${accountId}:certificate/1`
    const keys = {
      'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': '_acme-challenge.mail.example',
      'route53:ChangeResourceRecordSetsRecordTypes': 'TXT',
    }
    const Condition = { 'ForAllValues:StringEquals': keys }
    const name = addRole([
      allow('acm:ExportCertificate', certificate),
      {
        ...allow('route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/Z1'),
        Condition,
      },
    ])
    const acm = opening(new ACMClient({ credentials: credentialsOf(name), maxAttempts: 1 }))
    const exporting = new ExportCertificateCommand({
      CertificateArn: certificate,
      Passphrase: Buffer.from('pass'),
    })
    await expect(acm.send(exporting)).rejects.toThrow('no emulator for acm')
    const describing = new DescribeCertificateCommand({ CertificateArn: certificate })
    await expect(acm.send(describing)).rejects.toMatchObject({ name: 'AccessDeniedException' })

    const route53 = opening(new Route53Client({ credentials: credentialsOf(name), maxAttempts: 1 }))
    const change = (HostedZoneId: string, Name: string) =>
      new ChangeResourceRecordSetsCommand({
        HostedZoneId,
        ChangeBatch: {
          Changes: [
            {
              Action: 'UPSERT',
              ResourceRecordSet: {
                Name,
                Type: 'TXT',
                TTL: 60,
                ResourceRecords: [{ Value: '"x"' }],
              },
            },
          ],
        },
      })
    const record = '_acme-challenge.Mail.example.'
    await expect(route53.send(change('Z1', record))).rejects.toThrow('no emulator for route53')
    for (const denied of [change('Z2', record), change('Z1', 'www.example')]) {
      await expect(route53.send(denied)).rejects.toMatchObject({ name: 'AccessDenied' })
    }
    await expect(route53.send(new GetChangeCommand({ Id: 'C1' }))).rejects.toThrow(
      'route53:GetChange on resource: arn:aws:route53:::change/C1',
    )
  })
})

describe.skipIf(!(await hasDynamoDb()))('DynamoDB', () => {
  const table = `arn:aws:dynamodb:${region}:${accountId}:table/${box}-t`
  const key = (pk: string) => ({ pk: { S: pk }, sk: { S: '1' } })

  beforeAll(async () => {
    await createAwsResources(direct, `${box}-t`)
  })

  it('denies by action, by table and by leading key', async () => {
    const Condition = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['W#*'] } }
    const statement = {
      ...allow(['dynamodb:GetItem', 'dynamodb:PutItem'], `${table}-mail`),
      Condition,
    }
    const { name, clients } = role([statement])
    const get = (TableName: string, pk: string) =>
      clients.dynamo.send(new GetItemCommand({ TableName, Key: key(pk) }))
    const denied = {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400, attempts: 1 },
    }
    await get(`${box}-t-mail`, 'W#1')
    await expect(get(`${box}-t-mail`, 'A#1')).rejects.toMatchObject(denied)
    await expect(get(`${box}-t-queue`, 'W#1')).rejects.toMatchObject(denied)
    const query = new QueryCommand({
      TableName: `${box}-t-mail`,
      KeyConditionExpression: 'pk = :v0',
      ExpressionAttributeValues: { ':v0': { S: 'W#1' } },
    })
    await expect(clients.dynamo.send(query)).rejects.toMatchObject(denied)
    expect(refusals(name)).toEqual([
      `dynamodb:GetItem ${table}-mail not-allowed`,
      `dynamodb:GetItem ${table}-queue not-allowed`,
      `dynamodb:Query ${table}-mail not-allowed`,
    ])
  })

  it('carries out no part of a transaction one part of which is denied', async () => {
    const { name, clients } = role([allow('dynamodb:*', `${table}-mail`)])
    const put = (TableName: string) => ({ Put: { TableName, Item: key('B#1') } })
    const TransactItems = [put(`${box}-t-mail`), put(`${box}-t-directory`)]
    await expect(
      clients.dynamo.send(new TransactWriteItemsCommand({ TransactItems })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' })
    const there = await direct.dynamo.send(
      new GetItemCommand({ TableName: `${box}-t-mail`, Key: key('B#1') }),
    )
    expect(there.Item).toBeUndefined()
    expect(refusals(name)).toEqual([`dynamodb:PutItem ${table}-directory not-allowed`])
  })
})

describe('the gateway', () => {
  it('says which allowance a call used', async () => {
    const resource = `arn:aws:s3:::${box}/*`
    const { name, clients } = role([allow(['s3:Get*', 's3:PutObject'], resource)])
    await clients.s3.send(new PutObjectCommand({ Bucket: box, Key: 'a', Body: 'x' }))
    const [call] = callsOf(name)
    expect(call).toMatchObject({
      principal: name,
      action: 's3:PutObject',
      resource: `arn:aws:s3:::${box}/a`,
      allowed: true,
      by: { action: 's3:PutObject', resource, conditions: {} },
      refusal: undefined,
    })
  })

  it('tells an explicit deny from no allowance', async () => {
    const { name, clients } = role([
      allow('s3:*', '*'),
      { Effect: 'Deny', Action: 's3:PutObject', Resource: '*' },
    ])
    await expect(
      clients.s3.send(new PutObjectCommand({ Bucket: box, Key: 'a', Body: 'x' })),
    ).rejects.toThrow(/explicit deny/)
    expect(refusals(name)).toEqual([`s3:PutObject arn:aws:s3:::${box}/a forbidden`])
  })

  it('fails what it does not know, and remembers it', async () => {
    const { name, clients } = role([allow('*', '*')], { attemptsMax: 1 })
    await expect(
      clients.s3.send(new GetObjectTaggingCommand({ Bucket: box, Key: 'a' })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
    expect(callsOf(name)).toMatchObject([
      {
        action: expect.stringContaining(`s3 GET /${box}/a?tagging`),
        allowed: false,
        refusal: 'unknown-request',
      },
    ])
  })

  it('fails a call whose policy it cannot evaluate', async () => {
    const Condition = { StringEquals: { 'aws:TagKeys': 'a' } }
    const { name, clients } = role([{ ...allow('*', '*'), Condition }], { attemptsMax: 1 })
    await expect(
      clients.sqs.send(new CreateQueueCommand({ QueueName: `${box}-x`, tags: { a: 'b' } })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } })
    expect(callsOf(name)).toMatchObject([{ refusal: 'unknown-request' }])
  })

  it('refuses keys it was not told of', async () => {
    const clients = clientsOf(`stranger${unique}`)
    await expect(
      clients.s3.send(new GetObjectCommand({ Bucket: box, Key: 'a' })),
    ).rejects.toMatchObject({ name: 'UnrecognizedClient', $metadata: { httpStatusCode: 403 } })
    expect(callsOf(`stranger${unique}`)).toMatchObject([{ refusal: 'unknown-key' }])
    const unsigned = await fetch(`${gateway.url}/${box}/a`)
    expect(unsigned.status).toBe(403)
  })

  it('takes no principal whose policy it does not understand', () => {
    const Resource = { Ref: 'Bucket' }
    const statement: object = { Effect: 'Allow', Action: 's3:*', Resource }
    const policy = { Statement: [statement as Statement] }
    expect(() => gateway.add({ accessKeyId: 'odd', name: 'odd', policies: [policy] })).toThrow(
      /unresolved/,
    )
  })
})

describe('connections', () => {
  it('end at the emulator when the client hangs up, and at both when the gateway closes', async () => {
    const requests: IncomingMessage[] = []
    const silent = createServer((request) => {
      requests.push(request)
      request.resume()
      silent.emit('held')
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const sqs = `http://127.0.0.1:${address.port}`
    const second = await openGateway({
      region,
      accountId,
      principals: [{ accessKeyId: 'k', name: 'k', policies: [{ Statement: [allow('*', '*')] }] }],
      backends: { dynamodb: nowhere, s3: nowhere, sqs, secretsmanager: nowhere },
      invokeFunction: async () => ({ payload: new Uint8Array() }),
    })
    const receive = (signal?: AbortSignal) =>
      fetch(second.url, {
        method: 'POST',
        ...(signal && { signal }),
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'AmazonSQS.ReceiveMessage',
          authorization: `AWS4-HMAC-SHA256 Credential=k/20260101/${region}/sqs/aws4_request, x=y`,
        },
        body: JSON.stringify({ QueueUrl: `${second.url}/${accountId}/q` }),
      })
    const hangUp = new AbortController()
    const held = once(silent, 'held')
    const waiting = receive(hangUp.signal).catch((error: Error) => error.name)
    await held
    const socketClosed = once(requests[0]?.socket ?? silent, 'close')
    hangUp.abort()
    await socketClosed
    expect(await waiting).toBe('AbortError')

    const heldAgain = once(silent, 'held')
    const cut = receive().catch((error: Error) => error.name)
    await heldAgain
    const cutAtEmulator = once(requests[1]?.socket ?? silent, 'close')
    await second.close()
    await cutAtEmulator
    expect(await cut).toBe('TypeError')
    silent.close()
    silent.closeAllConnections()
  })
})

function allow(Action: string | readonly string[], Resource: string | readonly string[]) {
  return { Effect: 'Allow' as const, Action, Resource }
}

/** A fresh principal, and clients that sign as it. */
function role(statements: readonly Statement[], options: { readonly attemptsMax?: number } = {}) {
  const name = addRole(statements)
  return { name, clients: clientsOf(name, options) }
}

function addRole(statements: readonly Statement[]): string {
  const name = `role${roles++}`
  gateway.add({ accessKeyId: name, name, policies: [{ Statement: statements }] })
  return name
}

function clientsOf(accessKeyId: string, options: { readonly attemptsMax?: number } = {}) {
  const clients = openAwsClients({ region, credentials: credentialsOf(accessKeyId), ...options })
  opened.push({ destroy: () => closeAwsClients(clients) })
  return clients
}

function secretsClient(accessKeyId: string): SecretsManagerClient {
  return opening(new SecretsManagerClient({ credentials: credentialsOf(accessKeyId) }))
}

function lambdaClient(accessKeyId: string): LambdaClient {
  return opening(new LambdaClient({ credentials: credentialsOf(accessKeyId), maxAttempts: 1 }))
}

/** To be ended after the test. */
function opening<Client extends { destroy(): void }>(client: Client): Client {
  opened.push(client)
  return client
}

function credentialsOf(accessKeyId: string) {
  return { accessKeyId, secretAccessKey: 'x' }
}

function callsOf(principal: string) {
  return gateway.calls().filter((call) => call.principal === principal)
}

function actions(principal: string): readonly string[] {
  return callsOf(principal).map(({ action }) => action)
}

function refusals(principal: string): readonly string[] {
  return gateway
    .refusals()
    .filter((call) => call.principal === principal)
    .map(({ action, resource, refusal }) => `${action} ${resource} ${refusal}`)
}
