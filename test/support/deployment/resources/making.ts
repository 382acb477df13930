// What the makers of resources are given, and how they name what they make.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { Assets } from '../assembly.ts'
import type { Inventory } from '../inventory.ts'
import type { Properties } from '../properties.ts'
import type { Physical } from '../template.ts'

export type AdminClients = {
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  readonly sqs: SQSClient
  readonly secrets: SecretsManagerClient
}

/** One stack on its way. */
export type Making = {
  readonly inventory: Inventory
  readonly assets: Assets
  readonly clients: AdminClients
  readonly region: string
  readonly accountId: string
  readonly stackName: string
  /** Part of every name that AWS would make up, so that deployments do not meet. */
  readonly suffix: string
  /** Where queues are asked for. */
  readonly endpoint: string
}

export type Given = {
  readonly logicalId: string
  /** Evaluated. */
  readonly properties: Properties
  readonly making: Making
}

export type Maker = (given: Given) => Physical | Promise<Physical>

const NAME_CHARACTERS_MAX = 63

/** As CloudFormation makes names up: stack, logical id, something random. */
export function physicalName({ logicalId, making }: Given): string {
  const end = `-${making.suffix}`
  const begin = `${making.stackName}-${logicalId}`.slice(0, NAME_CHARACTERS_MAX - end.length)
  return begin + end
}

export function arnOf({ making }: Given, service: string, resource: string): string {
  return `arn:aws:${service}:${making.region}:${making.accountId}:${resource}`
}
