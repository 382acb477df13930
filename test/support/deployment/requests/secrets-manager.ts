// Actions of Secrets Manager, on the secret's whole ARN however the request names it.

import type { AccessRequest } from '../iam.ts'
import { secretArnOf } from '../secret-arn.ts'
import {
  bodyOf,
  type Place,
  requiredText,
  targetOperation,
  UnknownRequest,
  type WireRequest,
} from '../wire-request.ts'

const onSecret: ReadonlySet<string> = new Set([
  'DescribeSecret',
  'GetSecretValue',
  'PutSecretValue',
])

export function secretsManagerAccesses(
  request: WireRequest,
  place: Place,
): readonly AccessRequest[] {
  const operation = targetOperation(request)
  const body = bodyOf(request)
  const action = `secretsmanager:${operation}`
  if (operation === 'CreateSecret') {
    const name = requiredText(request, body.Name, 'Name')
    const resource = secretArnOf(name, place)
    return [{ action, resource, context: { 'secretsmanager:Name': name } }]
  }
  if (!onSecret.has(operation)) throw new UnknownRequest(request)
  const resource = secretArnOf(requiredText(request, body.SecretId, 'SecretId'), place)
  return [{ action, resource, context: { 'secretsmanager:SecretId': resource } }]
}
