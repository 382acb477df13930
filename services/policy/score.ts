import type { SmtpReply } from '#shared/contracts/policy.ts'
import { dunno, type Restriction, reject, type Scored } from './restriction.ts'

/** A threshold: refuses who scored so much up to here. It stands in a list like any other, so that what is permitted before is not judged. */
export function rejectScore(
  name: string,
  { points, reply }: { readonly points: number; readonly reply: SmtpReply },
): Restriction<Scored> {
  return {
    name,
    stage: 'connect',
    decide: ({ score }) => (score >= points ? reject(reply) : dunno),
  }
}
