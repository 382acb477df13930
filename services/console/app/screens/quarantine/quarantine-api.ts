// Mail that policy or a filter had set aside, as the API tells it.

import { call, get } from '../../api/client.ts'
import type { Warning } from '../../api/directory.ts'

export type Quarantined = {
  readonly queueId: string
  readonly arrivedAt: string
  /** When it is deleted; null: never by itself. */
  readonly endsAt: string | null
  readonly bytes: number
  readonly sender: string
  readonly remoteAddress: string
  readonly login: string | null
  readonly recipients: readonly string[]
  readonly reason: string
  /** As its header says, which proves nothing. */
  readonly from: string
  readonly subject: string
}

export type QuarantinedShown = Quarantined & {
  readonly reasons: readonly {
    readonly by: string
    readonly verdict: string
    readonly found: string | null
    readonly points: number | null
  }[]
  readonly preview: {
    readonly to: string
    readonly date: string
    readonly text: string
    readonly isCut: boolean
    readonly attachments: readonly {
      readonly name: string
      readonly type: string
      readonly bytes: number
    }[]
    readonly moreAttachments: number
  }
}

const path = (queueId: string) => `/quarantine/${encodeURIComponent(queueId)}`

export const readQuarantined = (queueId: string, signal: AbortSignal) =>
  get<QuarantinedShown>(path(queueId), {}, signal)

export const release = (
  queueId: string,
  how: { readonly recipients?: readonly string[]; readonly notSpam?: boolean },
) =>
  call<{ readonly warnings: readonly Warning[] }>('POST', `${path(queueId)}:release`, { body: how })

export const remove = (queueId: string) => call('DELETE', path(queueId))
