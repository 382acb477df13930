// Tells a client that waits long for one write of the mailbox core that its command is still worked on (INPROGRESS, RFC 9585).

import { formatResponseCode } from '#shared/imap/response-code.ts'
import type { Session } from './session.ts'
import type { Wire } from './wire.ts'

/** RFC 9585 §4 recommends 10 to 15 seconds. */
export const INPROGRESS_INTERVAL_MS = 10_000

/** The response code; a tag with the bracket in it that ends the code is left out (RFC 9585 §4). */
export function inProgress(tag: string, progress: number | null, goal: number | null): string {
  return formatResponseCode({
    kind: 'INPROGRESS',
    tag: tag === '' || tag.includes(']') ? null : tag,
    progress,
    goal,
  })
}

/** Nothing is told of work that ends within the interval. How far it has come the mailbox does not say. */
export async function tellingProgress<T>(
  { deps, tag }: Pick<Session, 'tag'> & { readonly deps: Pick<Session['deps'], 'clock'> },
  wire: Wire,
  work: Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const { clock } = deps
  const code = inProgress(tag, null, null)
  const telling = (async () => {
    for (;;) {
      await clock.sleep(INPROGRESS_INTERVAL_MS, ended.signal)
      if (ended.signal.aborted || wire.gone.aborted) return
      wire.untagged(`OK [${code}] Still working on it`)
    }
  })()
  try {
    return await work
  } finally {
    ended.abort()
    await telling
  }
}
