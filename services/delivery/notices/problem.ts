// Which results tell of a problem of ours, or of how we speak to others, that whoever runs the system should hear of: Postfix's classes
// resource, software and protocol.

import { diagnosticOf } from '#shared/mail/dsn/diagnostic.ts'

export type Problem = 'resource' | 'software' | 'protocol'

export function problemOf(result: {
  readonly status: string
  readonly reply: string
  readonly remoteMta: string | null
}): Problem | undefined {
  const told = diagnosticOf(result)
  if (told.kind === 'smtp') {
    // RFC 5321 §4.2.1: x0z is about syntax and commands, so one of the two servers is mistaken; 555 is RFC 1869's.
    return /^(?:50\d|555)\b/.test(told.words) ? 'protocol' : undefined
  }
  const [, subject, detail] = result.status.split('.')
  if (subject !== '3') return undefined
  if (detail === '1' || detail === '2' || told.words.startsWith('storage failed')) return 'resource'
  return detail === '0' || detail === '5' ? 'software' : undefined
}
