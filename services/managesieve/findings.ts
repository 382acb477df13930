// What is said of a script: each finding on a line of its own. RFC 5804 §2.6.

import { type Finding, findingText } from '#shared/sieve/finding.ts'
import { FINDINGS_BYTES_MAX } from './config.ts'
import { type Reply, replies } from './replies.ts'

/** The first ones that have room, at least one. */
export function findingsText(findings: readonly Finding[]): string {
  const lines: string[] = []
  let bytes = 0
  for (const finding of findings) {
    const line = findingText(finding).toWellFormed().replaceAll(breaks, ' ')
    bytes += Buffer.byteLength(line) + 2
    if (bytes > FINDINGS_BYTES_MAX && lines.length > 0) break
    lines.push(line)
  }
  return lines.join('\r\n')
}

export const withWarnings = (warnings: readonly Finding[]): Reply =>
  warnings.length === 0 ? replies.done : replies.withWarnings(findingsText(warnings))

/** A message may quote what stands in the script. */
const breaks = /[\0\r\n]/g
