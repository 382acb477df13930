// Why a job failed, in the language of the page.

import type { Job } from '../../api/jobs.ts'
import { factsOf } from '../../kit/failure.tsx'
import { tIfKnown } from '../../kit/language.ts'

/** The server's English sentence where nobody wrote a text for it; null: it did not fail. */
export const failureText = ({ failure, reason }: Pick<Job, 'failure' | 'reason'>): string | null =>
  (failure === null ? undefined : tIfKnown(`job.failure.${failure.kind}`, factsOf(failure))) ??
  reason
