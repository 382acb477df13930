// Tables, buckets, queues and secrets: made at the emulators, from the properties alone.

import { randomBytes } from 'node:crypto'
import {
  type AttributeDefinition,
  CreateTableCommand,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  type Projection,
} from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand } from '@aws-sdk/client-sqs'
import { number, optionalText, type Properties, record, records, text } from '../properties.ts'
import type { Physical } from '../template.ts'
import { arnOf, type Given, type Maker, physicalName } from './making.ts'

async function table(given: Given): Promise<Physical> {
  const { properties, making, logicalId } = given
  const name = optionalText(properties, 'TableName') ?? physicalName(given)
  if (records(properties, 'LocalSecondaryIndexes').length > 0) {
    throw new Error('local secondary indexes are not known here')
  }
  if (records(properties, 'AttributeDefinitions').some((each) => each.AttributeType !== 'S')) {
    throw new Error('only keys that are text are known here')
  }
  const indexes = records(properties, 'GlobalSecondaryIndexes')
  const { TableDescription: made } = await making.clients.dynamo.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: records(properties, 'AttributeDefinitions').map(
        (definition): AttributeDefinition => ({
          AttributeName: text(definition, 'AttributeName'),
          AttributeType: 'S',
        }),
      ),
      KeySchema: keySchema(properties),
      ...(indexes.length > 0 && {
        GlobalSecondaryIndexes: indexes.map(
          (index): GlobalSecondaryIndex => ({
            IndexName: text(index, 'IndexName'),
            KeySchema: keySchema(index),
            Projection: projection(record(index, 'Projection')),
          }),
        ),
      }),
    }),
  )
  making.inventory.tables.push({ logicalId, name })
  return {
    ref: name,
    attributes: { Arn: arnOf(given, 'dynamodb', `table/${name}`), TableId: made?.TableId ?? name },
  }
}

function keySchema(properties: Properties): KeySchemaElement[] {
  return records(properties, 'KeySchema').map((key) => ({
    AttributeName: text(key, 'AttributeName'),
    KeyType: text(key, 'KeyType') === 'HASH' ? 'HASH' : 'RANGE',
  }))
}

function projection(properties: Properties): Projection {
  const type = text(properties, 'ProjectionType')
  if (type !== 'KEYS_ONLY' && type !== 'ALL') throw new Error(`the projection ${type} is not known`)
  return { ProjectionType: type }
}

async function bucket(given: Given): Promise<Physical> {
  const { properties, making, logicalId } = given
  const name = optionalText(properties, 'BucketName') ?? physicalName(given).toLowerCase()
  await making.clients.s3.send(new CreateBucketCommand({ Bucket: name }))
  making.inventory.buckets.push({ logicalId, name })
  return {
    ref: name,
    attributes: { Arn: `arn:aws:s3:::${name}`, DomainName: `${name}.s3.amazonaws.com` },
  }
}

const queueAttributes = [
  'DelaySeconds',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'VisibilityTimeout',
] as const
const VISIBILITY_SECONDS = 30

async function queue(given: Given): Promise<Physical> {
  const { properties, making, logicalId } = given
  if (properties.FifoQueue === true) throw new Error('FIFO queues are not known here')
  const name = optionalText(properties, 'QueueName') ?? physicalName(given)
  const Attributes: Record<string, string> = {}
  for (const attribute of queueAttributes) {
    const value = optionalText(properties, attribute)
    if (value !== undefined) Attributes[attribute] = value
  }
  if (properties.RedrivePolicy !== undefined) {
    Attributes.RedrivePolicy = JSON.stringify(properties.RedrivePolicy)
  }
  await making.clients.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }))
  const arn = arnOf(given, 'sqs', name)
  const url = `${making.endpoint}/${making.accountId}/${name}`
  const visibilitySeconds = number(properties, 'VisibilityTimeout', VISIBILITY_SECONDS)
  making.inventory.queues.push({ logicalId, arn, url, name, visibilitySeconds })
  return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } }
}

async function secret(given: Given): Promise<Physical> {
  const { properties, making } = given
  const name = optionalText(properties, 'Name') ?? physicalName(given)
  const { ARN: arn = '' } = await making.clients.secrets.send(
    new CreateSecretCommand({ Name: name, SecretString: secretText(properties) }),
  )
  return { ref: arn, attributes: { Id: arn } }
}

const PASSWORD_CHARACTERS = 32

/** A secret without a value of its own gets one made up, alone or as a property of a JSON text. */
function secretText(properties: Properties): string {
  const given = optionalText(properties, 'SecretString')
  if (given !== undefined) return given
  const generate = record(properties, 'GenerateSecretString')
  const characters = number(generate, 'PasswordLength', PASSWORD_CHARACTERS)
  const password = randomBytes(characters).toString('hex').slice(0, characters)
  const template = optionalText(generate, 'SecretStringTemplate')
  const key = optionalText(generate, 'GenerateStringKey')
  if (template === undefined || key === undefined) return password
  return JSON.stringify({ ...JSON.parse(template), [key]: password })
}

export const dataMakers: Readonly<Record<string, Maker>> = {
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::S3::Bucket': bucket,
  'AWS::SQS::Queue': queue,
  'AWS::SecretsManager::Secret': secret,
}
