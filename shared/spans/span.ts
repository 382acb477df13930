// A span: how long something took, and what it was a part of. All spans of one message are one trace, whoever made them: its id follows from the
// queue id, so that nothing has to be handed from service to service.

import { createHash, randomBytes } from 'node:crypto'

export type Span = {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 of them. */
  readonly spanId: string
  readonly parentId: string | null
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: { readonly [name: string]: string | number | boolean }
  readonly isError: boolean
}

export interface SpanSink {
  /** Returns at once and never throws. */
  end(span: Span): void
}

const TRACE_BYTES = 16
const SPAN_BYTES = 8

const hexOf = (text: string, bytes: number) =>
  createHash('sha256')
    .update(text)
    .digest('hex')
    .slice(0, 2 * bytes)

export const traceOf = (queueId: string) => hexOf(`message ${queueId}`, TRACE_BYTES)
export const messageSpanOf = (queueId: string) => hexOf(`span ${queueId}`, SPAN_BYTES)
export const newTraceId = () => randomBytes(TRACE_BYTES).toString('hex')
export const newSpanId = () => randomBytes(SPAN_BYTES).toString('hex')

/** W3C Trace Context §3.2: who asks us is a part of something already. Undefined: it is not, or says so in a form that is none. */
export function parseTraceparent(
  text: string | null,
): { readonly traceId: string; readonly parentId: string } | undefined {
  const [, version, traceId = '', parentId = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.{0,200})?$/.exec(text ?? '') ?? []
  // §3.2.2.2 f.: ff is no version, zeros are no ids.
  if (version === undefined || version === 'ff') return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined
  return { traceId, parentId }
}
