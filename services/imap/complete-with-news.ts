// How commands that remove messages tell it.

import { type Completion, completed } from './command.ts'
import type { News } from './news.ts'
import type { Session } from './session.ts'
import type { Wire } from './wire.ts'

/**
 * Tells what was removed, by this session and by others, and completes the command. A client with CONDSTORE also gets the
 * mod-sequence that it now knows everything up to (RFC 7162 §3.2.7, §3.2.9; RFC 6851 §4.4).
 */
export async function completeWithNews(
  session: Session,
  wire: Wire,
  name: string,
  order: Pick<News, 'existsFirst'> = {},
): Promise<Completion> {
  const { enabled, selected } = session
  await selected.tellNews(wire, { expunges: true, look: true, answer: true, ...order })
  return completed(name, enabled.has('CONDSTORE') ? `HIGHESTMODSEQ ${selected.modSeq}` : undefined)
}
