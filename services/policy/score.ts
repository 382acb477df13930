import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Known } from './known.ts'
import { dunno, type Restriction, reject } from './restriction.ts'

/** A threshold: refuses who scored so much up to here. It stands in a list like any other, so that what is permitted before is not judged. */
export function rejectScore(
  name: string,
  { points, reply }: { readonly points: number; readonly reply: SmtpReply },
): Restriction<Pick<Known, 'score'>> {
  return {
    name,
    decide: ({ score }) => (score >= points ? reject(reply) : dunno),
  }
}
