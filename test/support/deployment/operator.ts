// The operator of a deployment, who may do everything, and the harness's own way to the emulators.

import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { Principal } from './gateway.ts'
import type { PolicyDocument } from './iam.ts'
import type { Inventory } from './inventory.ts'
import { clientOptions } from './process-environment.ts'
import type { AdminClients } from './resources/making.ts'

const everything: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}
/** Whoever runs the command line. */
export const operator: Principal = {
  accessKeyId: 'AKIAOPERATOR00000000',
  name: 'operator',
  policies: [everything],
}

/** Straight to the emulators: what only the harness does is no matter of the gateway. */
export function adminClients(backends: {
  readonly dynamodb: string
  readonly fauxqs: string
  readonly secretsmanager: string
}): AdminClients {
  const at = (endpoint: string) => clientOptions(operator, endpoint)
  return {
    dynamo: new DynamoDBClient(at(backends.dynamodb)),
    s3: new S3Client({ ...at(backends.fauxqs), forcePathStyle: true }),
    sqs: new SQSClient(at(backends.fauxqs)),
    secrets: new SecretsManagerClient(at(backends.secretsmanager)),
  }
}

export function destroyAll(clients: AdminClients): void {
  for (const client of Object.values(clients)) client.destroy()
}

/** DynamoDB Local is shared by the whole test run. */
export async function deleteTables({ dynamo }: AdminClients, { tables }: Inventory): Promise<void> {
  await Promise.all(
    tables.map(({ name }) => dynamo.send(new DeleteTableCommand({ TableName: name }))),
  )
}
