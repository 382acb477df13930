// Actions of SQS (JSON protocol). A batch needs the permission of its single operation.

import type { AccessRequest } from '../iam.ts'
import { listOf, recordOf } from '../json.ts'
import {
  bodyOf,
  type Place,
  requiredText,
  targetOperation,
  UnknownRequest,
  type WireRequest,
} from '../wire-request.ts'

const actionOnUrl: ReadonlyMap<string, string> = new Map([
  ['ChangeMessageVisibility', 'ChangeMessageVisibility'],
  ['ChangeMessageVisibilityBatch', 'ChangeMessageVisibility'],
  ['DeleteMessage', 'DeleteMessage'],
  ['DeleteMessageBatch', 'DeleteMessage'],
  ['DeleteQueue', 'DeleteQueue'],
  ['GetQueueAttributes', 'GetQueueAttributes'],
  ['ListQueueTags', 'ListQueueTags'],
  ['PurgeQueue', 'PurgeQueue'],
  ['ReceiveMessage', 'ReceiveMessage'],
  ['SendMessage', 'SendMessage'],
  ['SendMessageBatch', 'SendMessage'],
  ['SetQueueAttributes', 'SetQueueAttributes'],
])

export function sqsAccesses(request: WireRequest, place: Place): readonly AccessRequest[] {
  const operation = targetOperation(request)
  const body = bodyOf(request)
  if (operation === 'ListQueues') return [{ action: 'sqs:ListQueues', resource: '*', context: {} }]
  if (operation === 'CreateQueue' || operation === 'GetQueueUrl') {
    const resource = queueArn(requiredText(request, body.QueueName, 'QueueName'), place)
    return operation === 'CreateQueue'
      ? createQueueAccesses(resource, recordOf(body.tags))
      : [{ action: 'sqs:GetQueueUrl', resource, context: {} }]
  }
  const resource = queueArn(queueNameOf(requiredText(request, body.QueueUrl, 'QueueUrl')), place)
  if (operation === 'TagQueue') return [tagQueue(resource, recordOf(body.Tags))]
  if (operation === 'UntagQueue') {
    const keys = listOf(body.TagKeys).map(String)
    return [{ action: 'sqs:UntagQueue', resource, context: { 'aws:TagKeys': keys } }]
  }
  const action = actionOnUrl.get(operation)
  if (action === undefined) throw new UnknownRequest(request)
  return [{ action: `sqs:${action}`, resource, context: {} }]
}

/** Tags given at creation need the permission to tag besides. */
function createQueueAccesses(
  resource: string,
  tags: Readonly<Record<string, unknown>>,
): readonly AccessRequest[] {
  if (Object.keys(tags).length === 0) return [{ action: 'sqs:CreateQueue', resource, context: {} }]
  const tagging = tagQueue(resource, tags)
  return [{ ...tagging, action: 'sqs:CreateQueue' }, tagging]
}

function tagQueue(resource: string, tags: Readonly<Record<string, unknown>>): AccessRequest {
  const requestTags = Object.entries(tags).map(([key, value]): [string, string] => [
    `aws:RequestTag/${key}`,
    String(value),
  ])
  return {
    action: 'sqs:TagQueue',
    resource,
    context: { ...Object.fromEntries(requestTags), 'aws:TagKeys': Object.keys(tags) },
  }
}

/** The last part of a queue URL's path. */
function queueNameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1)
}

function queueArn(name: string, { region, accountId }: Place): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`
}
