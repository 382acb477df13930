// The SDK sends to the host of a queue's URL, whatever AWS_ENDPOINT_URL says; so the URLs in answers of the emulator must lead
// to the gateway.

import { isRecord } from './json.ts'

/** Rewrites answers of CreateQueue, GetQueueUrl and ListQueues; others come back as they are. */
export function queueUrlsAt(gatewayUrl: string): (answer: string) => string {
  const moved = (queueUrl: unknown) =>
    typeof queueUrl === 'string' ? gatewayUrl + new URL(queueUrl).pathname : queueUrl
  return (answer) => {
    if (!answer.includes('"QueueUrl')) return answer
    const parsed: unknown = JSON.parse(answer)
    if (!isRecord(parsed)) return answer
    const { QueueUrl: one, QueueUrls: many } = parsed
    return JSON.stringify({
      ...parsed,
      ...(one !== undefined && { QueueUrl: moved(one) }),
      ...(Array.isArray(many) && { QueueUrls: many.map(moved) }),
    })
  }
}
