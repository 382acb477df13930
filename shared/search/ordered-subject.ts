// Threads of the ORDEREDSUBJECT algorithm: RFC 5256 §3. Messages of one base subject are a thread: its first message with all
// others as children.

import type { Pace } from './pace.ts'
import { sortInTurns } from './sort-in-turns.ts'
import { compareSent, type Thread, type ThreadMessage } from './threads.ts'

/** What one message or one comparison costs the pace, in bytes. */
const MESSAGE_BYTES = 16

/** Each thread is two deep at most. Throws what the pace ends with. */
export async function orderedSubjectThreads(
  messages: readonly ThreadMessage[],
  pace: Pace,
): Promise<readonly Thread[]> {
  const sorted = await sortInTurns(messages, compareSent, { pace, bytes: MESSAGE_BYTES })
  // In the order of each thread's first message, as a Map keeps the order of first keys.
  const bySubject = new Map<string, { message: ThreadMessage; children: Thread[] }>()
  for (const message of sorted) {
    const thread = bySubject.get(message.subject)
    if (thread === undefined) bySubject.set(message.subject, { message, children: [] })
    else thread.children.push({ message, children: [] })
    const wait = pace.spent(MESSAGE_BYTES)
    if (wait) await wait
  }
  return [...bySubject.values()]
}
