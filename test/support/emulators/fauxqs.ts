// S3 and SQS for tests: `fauxqs` in this process, made to refuse what AWS refuses. As it comes, fauxqs overwrites in spite
// of If-None-Match and If-Match, believes any checksum and asks for none of an upload's parts, lists keys in the order of a
// locale, delays messages beyond 900 s, makes a queue again at once after its removal, and hands messages to receivers that
// have hung up.
//
// What remains different from AWS: requests above 11 MiB are refused; no ListParts, versions, lifecycle or
// StartMessageMoveTask; retention periods are not enforced; messages come in order and once; a receive sees all messages
// (a short poll of SQS asks only some of its servers); a FIFO receive brings one message a group; dead letters lack
// `DeadLetterQueueSourceArn`; bodies with characters beyond U+FFFF are refused; a delay that is too long fails the whole
// batch, not its entry; CRC32C and CRC64NVME are not computed, and no upload can name them.

import { buildApp } from 'fauxqs'
// The stores are not exported: the version is pinned exactly, and only the files beside this one reach in.
import { SnsStore } from '../../../node_modules/fauxqs/dist/sns/snsStore.js'
import { type EmulatorRequest, type Refusal, s3Refusal, sqsRefusal } from './refusal.ts'
import { StrictS3Store, s3RefusalOf } from './strict-s3.ts'
import { isRecord, receiptsIn, StrictSqsStore, sqsAction, sqsRefusalOf } from './strict-sqs.ts'

export type Fauxqs = {
  readonly endpoint: string
  readonly s3: StrictS3Store
  readonly sqs: StrictSqsStore
  /** Asked before each request; true lets it fail with 503. */
  failWhen(condition: (request: EmulatorRequest) => boolean): void
  stop(): Promise<void>
}

export async function startFauxqs(): Promise<Fauxqs> {
  const s3 = new StrictS3Store()
  const sqs = new StrictSqsStore()
  const app = buildApp({
    logger: false,
    stores: { s3Store: s3, sqsStore: sqs, snsStore: new SnsStore() },
  })
  let mustFail: (request: EmulatorRequest) => boolean = () => false
  app.addHook('preHandler', (request, reply, done) => {
    const refusal = mustFail(request)
      ? unavailable(request)
      : (s3RefusalOf(request, s3) ?? sqsRefusalOf(request, sqs))
    if (refusal === undefined) return done()
    reply.status(refusal.status).headers(refusal.headers).send(refusal.body)
  })
  app.addHook('onSend', (request, _reply, payload, done) => {
    if (request.raw.socket.destroyed && isRecord(request.body)) {
      sqs.takeBack(String(request.body.QueueUrl), receiptsIn(request, payload))
    }
    done()
  })
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  app.server.unref() // it ends with the test process
  return {
    endpoint,
    s3,
    sqs,
    failWhen(condition) {
      mustFail = condition
    },
    stop: () => app.close(),
  }
}

function unavailable(request: EmulatorRequest): Refusal {
  return sqsAction(request) === undefined
    ? s3Refusal(503, 'ServiceUnavailable')
    : sqsRefusal(503, 'ServiceUnavailable')
}
