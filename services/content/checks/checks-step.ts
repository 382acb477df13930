// header_checks, mime_header_checks, nested_header_checks and body_checks as a step of the content stage. It must stand before those that
// give another body: it finds the headers of parts by the index of the message as it came.
//
// Implementation notes: deliberately not on the pass that stores the message. What matches is found out in another thread, which the pass
// cannot wait for, and the index of its parts is there only afterwards. Without checks of body or parts nothing is read a second time.

import type { ContentMessage, ContentStep, StepVerdict } from '#shared/contracts/content.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { substituted } from '#shared/settings/patterns/check-action.ts'
import type { PatternTable } from '#shared/settings/patterns/pattern-table.ts'
import { splitMessage } from '../split-message.ts'
import { bodyLines, type CheckedLine, headerLines, type LineKind } from './checked-lines.ts'
import { editedBody } from './edited-body.ts'
import { Findings } from './findings.ts'
import { type LookUp, PatternMatcher, SlowPattern } from './pattern-matcher.ts'

export type CheckTables = { readonly [Kind in LineKind]: PatternTable }

/** Looked up together. */
const BATCH_LINES_MAX = 1_000
const BATCH_BYTES_MAX = 256 * 1024

const kinds: readonly LineKind[] = ['header', 'mime', 'nested', 'body']

/** Undefined where nothing is to be checked. */
export function checksStep(deps: {
  readonly tables: CheckTables
  readonly bodyChecksSizeLimit: number
  readonly clock: Clock
  readonly log: Log
}): ContentStep | undefined {
  const { tables, bodyChecksSizeLimit: segmentBytesMax, log } = deps
  if (kinds.every((kind) => tables[kind].rules.length === 0)) return undefined
  const matcher = new PatternMatcher(
    kinds.map((kind) => tables[kind]),
    deps,
  )
  const isChecked = ({ kind }: CheckedLine) => tables[kind].rules.length > 0

  async function check(
    lines: readonly CheckedLine[],
    findings: Findings,
    client: string,
  ): Promise<void> {
    const lookUps = lines.map(({ kind, text }): LookUp => [kinds.indexOf(kind), text])
    for (const { index, rule, groups } of await matcher.match(lookUps, client)) {
      const line = lines[index]
      const found = line && tables[line.kind].rules[rule]
      if (line === undefined || found?.kind !== 'match') continue
      findings.take(line, found.action.verb, substituted(found.action.text, groups))
      if (findings.isDecided) return
    }
  }

  async function judge(message: ContentMessage, client: string): Promise<StepVerdict> {
    const findings = new Findings()
    // What is not seen cannot be checked.
    if (message.header.length + LINE_END_BYTES < message.spooled.index.headerBytes) {
      return { kind: 'reject', reply: headerTooLong }
    }
    await check([...headerLines(message.header)].filter(isChecked), findings, client)
    if (findings.isDecided || !looksAtBody(message, tables)) return findings.verdict()
    const { body } = await splitMessage(message.open())
    const lines = bodyLines(body, message.spooled.index, { segmentBytesMax })
    for await (const batch of batches(lines, isChecked)) {
      await check(batch, findings, client)
      if (findings.isDecided) break
    }
    const { bodyEdits } = findings
    if (findings.isDecided || bodyEdits.size === 0) return findings.verdict()
    const again = await splitMessage(message.open())
    return findings.verdict(await message.stash(editedBody(again.body, bodyEdits)))
  }

  return {
    name: 'header_checks',
    begin: ({ queueId, origin }) => ({
      judge: (message) =>
        judge(message, clientNetwork(origin.remoteAddress)).catch((error: unknown) => {
          if (!(error instanceof SlowPattern)) throw error
          const kind = kinds[error.table] ?? 'header'
          const line = tables[kind].rules[error.rule]?.line
          log.error({ queueId, checks: kind, line }, 'pattern too slow')
          return { kind: 'reject', reply: tryLater, found: `pattern of line ${line} too slow` }
        }),
    }),
  }
}

const LINE_END_BYTES = 2
const headerTooLong: SmtpReply = { code: 552, status: '5.3.4', text: 'Message header is too long' }
const tryLater: SmtpReply = {
  code: 451,
  status: '4.3.0',
  text: 'Local error in processing, try again later',
}

function looksAtBody({ spooled }: ContentMessage, tables: CheckTables): boolean {
  if (tables.body.rules.length > 0) return true
  const hasParts = spooled.index.structure.kind !== 'leaf'
  return hasParts && (tables.mime.rules.length > 0 || tables.nested.rules.length > 0)
}

async function* batches(
  lines: AsyncIterable<CheckedLine>,
  isWanted: (line: CheckedLine) => boolean,
): AsyncGenerator<readonly CheckedLine[], void> {
  let batch: CheckedLine[] = []
  let bytes = 0
  for await (const line of lines) {
    if (!isWanted(line)) continue
    batch.push(line)
    bytes += line.text.length
    if (batch.length < BATCH_LINES_MAX && bytes < BATCH_BYTES_MAX) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}
