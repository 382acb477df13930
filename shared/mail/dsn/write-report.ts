// A report as the message that is sent: its text for people and its fields for programs. Whoever makes a report needs this alone.

import { type Composed, composeReport } from './compose.ts'
import { type NoticeTextOptions, noticeText } from './notice-text.ts'
import type { Report } from './report.ts'

/**
 * `kind: 'verify'` with the actions `deliverable` and `undeliverable` is the answer to `sendmail -bv`, whose recipients got nothing, and of
 * whose message nothing is returned.
 */
export function writeReport(report: Report, options: NoticeTextOptions): Composed {
  return composeReport(report, noticeText(report, options))
}
