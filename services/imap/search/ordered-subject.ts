// Threads of the ORDEREDSUBJECT algorithm: RFC 5256 §3. Messages of one base subject are a thread: its first message with all
// others as children.

import { compareSent, type Thread, type ThreadMessage } from './threads.ts'

export function orderedSubjectThreads(messages: readonly ThreadMessage[]): readonly Thread[] {
  const bySubject = Map.groupBy([...messages].sort(compareSent), ({ subject }) => subject)
  // In the order of each thread's first message, as a Map keeps the order of first keys.
  return [...bySubject.values()].map(([first, ...others]) => ({
    message: first ?? null,
    children: others.map((message) => ({ message, children: [] })),
  }))
}
