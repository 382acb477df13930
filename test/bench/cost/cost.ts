// `npm run bench -- cost`: what AWS bills for mail, counted request by request on the AWS drivers over the emulators. Nothing is
// timed but the processor; see meter.ts, function-time.ts and latencies.ts for what is counted and what is assumed.

import { benchFanOut } from './fan-out.ts'
import { benchInbound } from './inbound.ts'
import { benchMailboxUse } from './mailbox-use.ts'
import { IDLE, SETUP } from './meter.ts'
import { benchOutbound } from './outbound.ts'
import { openStage } from './stage.ts'

export async function benchCost(): Promise<void> {
  console.log('counting requests on the emulators; this takes some minutes')
  await using stage = await openStage()
  if (stage === undefined) {
    console.error('this needs DynamoDB Local: no Java')
    process.exitCode = 1
    return
  }
  await benchInbound(stage)
  await benchFanOut(stage)
  await benchOutbound(stage)
  await benchMailboxUse(stage)
  console.log(`\ntransactions cancelled because they met on an item: ${stage.overlaps.cancelled}`)
  console.log('\nunits: rru, wru: read and write request units of DynamoDB; GB-s: of functions')
  console.log(
    'assumed: usual latencies of AWS (latencies.ts), functions of 512 MB that are warm, prices of us-east-1 without free tiers',
  )
  const besides = [SETUP, IDLE].map((operation) => `${operation}:`)
  const unknown = stage.meter.unknown.filter(
    (request) => !besides.some((operation) => request.startsWith(operation)),
  )
  if (unknown.length > 0) {
    console.error(`\nINCOMPLETE: could not price ${unknown.join(', ')}`)
    process.exitCode = 1
  }
}
