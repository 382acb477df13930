// Remote delivery as tests write it: results alone where nothing is to be said of the destination.

import type { DeliveryResult } from '#shared/contracts/delivery.ts'
import type { RemoteAttempt, RemoteDelivery } from '#shared/queue/pipeline.ts'

/** As RemoteDelivery; results alone come from a destination that was reached. */
export type AnswerRemote = (
  ...given: Parameters<RemoteDelivery>
) => Promise<RemoteAttempt | readonly DeliveryResult[]>

export function remoteDelivery(answer: AnswerRemote): RemoteDelivery {
  return async (...given) => {
    const said = await answer(...given)
    return 'results' in said ? said : { results: said, destination: { kind: 'reached' } }
  }
}
