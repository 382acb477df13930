// Challenge records in a hosted zone of Route 53. Its name servers all have a record when its change is INSYNC.

import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  type Route53Client,
} from '@aws-sdk/client-route-53'
import type { DnsChallenges } from '#services/certificates/issuer.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { calling } from '#shared/storage/aws/failures.ts'

export type Route53ChallengesOptions = {
  readonly client: Route53Client
  readonly hostedZoneId: string
  readonly clock: Clock
}

const TTL_SECONDS = 60
/** Usually within a minute. */
const SYNC_MS_MAX = 180_000
const SYNC_PAUSE_MS = 5_000

export class Route53Challenges implements DnsChallenges {
  readonly #options: Route53ChallengesOptions

  constructor(options: Route53ChallengesOptions) {
    this.#options = options
  }

  async publish(name: string, value: string): Promise<void> {
    const { client, clock } = this.#options
    const changeId = await this.#change('UPSERT', name, value)
    const deadline = clock.now() + SYNC_MS_MAX
    for (;;) {
      const request = new GetChangeCommand({ Id: changeId })
      const { ChangeInfo } = await calling('GetChange', client.send(request))
      if (ChangeInfo?.Status === 'INSYNC') return
      if (clock.now() >= deadline) {
        throw new TemporaryFailure(`${name} is not in sync after ${SYNC_MS_MAX / 1000} s`)
      }
      await clock.sleep(SYNC_PAUSE_MS)
    }
  }

  async remove(name: string, value: string): Promise<void> {
    await this.#change('DELETE', name, value)
  }

  async #change(action: 'UPSERT' | 'DELETE', name: string, value: string): Promise<string> {
    const { client, hostedZoneId } = this.#options
    const request = new ChangeResourceRecordSetsCommand({
      HostedZoneId: hostedZoneId,
      ChangeBatch: {
        Changes: [
          {
            Action: action,
            ResourceRecordSet: {
              Name: name,
              Type: 'TXT',
              TTL: TTL_SECONDS,
              ResourceRecords: [{ Value: `"${value}"` }],
            },
          },
        ],
      },
    })
    const answer = await calling('ChangeResourceRecordSets', client.send(request))
    return answer.ChangeInfo?.Id ?? ''
  }
}
