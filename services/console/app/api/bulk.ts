// Many rows at once: a thousand a call, an answer for each, in order.

import { call } from './client.ts'
import { type Problem, readProblem } from './problem.ts'

export type BulkRow = { readonly ref: string; readonly [member: string]: unknown }

export type BulkAnswer = {
  readonly ref: string
  readonly status: number
  /** Undefined: it was done. */
  readonly problem: Problem | undefined
}

export const BULK_ROWS_MAX = 1_000

/** One call for each thousand; tells after each how far it is. */
export async function runBulk(
  path: string,
  rows: readonly BulkRow[],
  options: { readonly dryRun: boolean; readonly progress: (done: number) => void },
): Promise<readonly BulkAnswer[]> {
  const answers: BulkAnswer[] = []
  for (let at = 0; at < rows.length; at += BULK_ROWS_MAX) {
    const portion = rows.slice(at, at + BULK_ROWS_MAX)
    const body = portion.map((row) => JSON.stringify(row)).join('\n')
    const answer = await call<unknown>('POST', path, { body: `${body}\n`, dryRun: options.dryRun })
    answers.push(...readAnswers(answer.body, portion))
    options.progress(Math.min(rows.length, at + BULK_ROWS_MAX))
  }
  return answers
}

/** A line each and a summary at the end; without that it was cut off. */
function readAnswers(body: unknown, rows: readonly BulkRow[]): readonly BulkAnswer[] {
  const lines =
    typeof body === 'string'
      ? body.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line)]))
      : []
  if (!lines.some((line) => 'summary' in line)) throw new Error('the answer was cut off')
  const byRef = new Map(
    lines.filter((line) => 'ref' in line).map((line) => [String(line.ref), line]),
  )
  return rows.map(({ ref }) => {
    const line = byRef.get(ref) ?? { status: 500 }
    const status = Number(line.status)
    return { ref, status, problem: status < 400 ? undefined : readProblem(status, line) }
  })
}
