// Mailboxes that a server brings from another one: its job is followed here, and its report is told as that of a run beside the store.

import { explainRefusal } from '#shared/administration/explain.ts'
import type { MailImportLine } from '#shared/administration/jobs/mail-import-progress.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import type { MailboxReport } from '#shared/moving/mailboxes/report.ts'
import type { Context } from '../context.ts'
import { CommandFailure, exitOfRefusal } from '../failure.ts'
import type { CommandMailImports, MailImportRequest } from '../services.ts'
import type { MailOptions } from './mail-options.ts'
import {
  type Compared,
  endCompared,
  endWith,
  type FailedHere,
  tellBrought,
  tellCompared,
} from './mail-run.ts'
import { leftOut } from './mail-text.ts'
import { type Pace, showPace } from './pace.ts'

export async function bringByServer(
  context: Context,
  imports: CommandMailImports,
  request: MailImportRequest,
  options: MailOptions,
): Promise<void> {
  const of = request.accounts.length
  const pace = showPace(context.process, of)
  let last: JobFacts | undefined
  try {
    for await (const job of imports.follow(request)) {
      tellPace(pace, last, job)
      last = job
    }
  } finally {
    pace.end()
  }
  if (last === undefined) return
  const { lines: told, refusals } = await imports.report(last)
  // As they were asked for, and not as they ended.
  const places = new Map(request.accounts.map(({ address }, n) => [address.toLowerCase(), n]))
  const placeOf = (account: string) => places.get(account.toLowerCase()) ?? 0
  const lines = told.toSorted((one, other) => placeOf(one.account) - placeOf(other.account))
  const failed = refusals.flatMap(failedBy)
  if (request.verify) {
    const differences = await tellCompared(context, options, {
      done: lines.filter(isCompared),
      failed,
    })
    endJob(last)
    endWith(context, failed, of)
    return endCompared(differences)
  }
  const done = lines.filter(isBrought)
  await tellBrought(context, options, { done, failed })
  endJob(last)
  endWith(context, failed, of, { left: done.flatMap(leftOut), dryRun: request.rehearse })
}

function tellPace(pace: Pace, before: JobFacts | undefined, now: JobFacts): void {
  const more = (name: string) => (now.counts[name] ?? 0) - (before?.counts[name] ?? 0)
  pace.came({ messages: more('messages'), bytes: more('bytes') })
  const over = (job: JobFacts | undefined) => (job === undefined ? 0 : job.done + job.failed)
  for (let n = over(before); n < over(now); n++) pace.mailboxDone()
}

const isBrought = (line: MailImportLine): line is MailboxReport => 'identity' in line
const isCompared = (line: MailImportLine): line is Compared =>
  'folders' in line && !('identity' in line)

/** What was read has a report of its own, which tells what of it could not be. */
function failedBy(refusal: Refusal): readonly FailedHere[] {
  if (refusal.kind === 'not-whole' || refusal.kind === 'not-the-same') return []
  const reason = refusal.kind === 'source-refuses' ? refusal.reason : explainRefusal(refusal)
  return [{ account: refusal.value, reason, exit: exitOfRefusal(refusal) }]
}

function endJob({ id, state, reason }: JobFacts): void {
  if (state !== 'failed') return
  throw new CommandFailure(`the job ${id} ended early: ${reason ?? ''}`, 'temporary')
}
