// Makes the tables, the bucket and the queues of one store at the emulators, as the deployment does at AWS.

import {
  type AttributeDefinition,
  CreateTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import {
  type QueueLayout,
  queueLayouts,
  type TableLayout,
  tableLayouts,
} from '#shared/storage/ports.ts'

export type AwsResources = {
  readonly tables: Readonly<Record<keyof typeof tableLayouts, string>>
  readonly bucket: string
  readonly queueUrls: Readonly<Record<keyof typeof queueLayouts, string>>
}

/** Names begin with the prefix: lower-case letters, digits and `-`. */
export async function createAwsResources(
  clients: {
    readonly dynamo: DynamoDBClient | undefined
    readonly s3: S3Client
    readonly sqs: SQSClient
  },
  prefix: string,
): Promise<AwsResources> {
  const tables = {
    directory: `${prefix}-directory`,
    mail: `${prefix}-mail`,
    queue: `${prefix}-queue`,
    counters: `${prefix}-counters`,
  }
  const bucket = `${prefix}-objects`
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const { dynamo } = clients
  if (dynamo !== undefined) {
    await Promise.all(
      Object.values(tableLayouts).map((layout) => createTable(dynamo, tables[layout.name], layout)),
    )
  }
  const queue = (layout: QueueLayout) => createQueue(clients.sqs, prefix, layout)
  // A dead-letter queue must exist before the queue that names it.
  const incomingDead = await queue(queueLayouts['incoming-dead'])
  const activeDead = await queue(queueLayouts['active-dead'])
  return {
    tables,
    bucket,
    queueUrls: {
      'incoming-dead': incomingDead,
      'active-dead': activeDead,
      incoming: await queue(queueLayouts.incoming),
      active: await queue(queueLayouts.active),
      deferred: await queue(queueLayouts.deferred),
    },
  }
}

async function createTable(dynamo: DynamoDBClient, name: string, layout: TableLayout) {
  const indexes = Object.entries(layout.indexes)
  const keys = new Set(['pk', 'sk', ...indexes.flatMap(([, index]) => [index.pk, index.sk])])
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [...keys].map(
      (key): AttributeDefinition => ({ AttributeName: key, AttributeType: 'S' }),
    ),
    KeySchema: keySchema('pk', 'sk'),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(([index, { pk, sk, storedAs }]) => ({
        IndexName: storedAs ?? index,
        KeySchema: keySchema(pk, sk),
        Projection: { ProjectionType: 'KEYS_ONLY' as const },
      })),
    }),
  })
  try {
    await dynamo.send(command)
  } catch (error) {
    // The name is nobody else's: it was made by a try before, whose answer came too late on a busy machine.
    if (!(error instanceof ResourceInUseException)) throw error
  }
}

function keySchema(pk: string, sk: string) {
  return [
    { AttributeName: pk, KeyType: 'HASH' as const },
    { AttributeName: sk, KeyType: 'RANGE' as const },
  ]
}

async function createQueue(sqs: SQSClient, prefix: string, layout: QueueLayout): Promise<string> {
  const Attributes: Record<string, string> = {}
  if (layout.deadLetter !== undefined) {
    Attributes.RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: await queueArn(sqs, `${prefix}-${layout.deadLetter}`),
      maxReceiveCount: layout.receivesMax,
    })
  }
  const answer = await sqs.send(
    new CreateQueueCommand({ QueueName: `${prefix}-${layout.name}`, Attributes }),
  )
  return answer.QueueUrl ?? ''
}

async function queueArn(sqs: SQSClient, queueName: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: queueName }))
  const answer = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  )
  return answer.Attributes?.QueueArn ?? ''
}
