// Sends spans to a collector of OpenTelemetry, by OTLP over HTTP. Loaded only where the setting names one; what the collector does not take is
// dropped, and nobody waits for it.

import type { WebPart } from '#shared/contracts/web.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import {
  newSpanId,
  newTraceId,
  parseTraceparent,
  type Span,
  type SpanSink,
} from '#shared/spans/span.ts'
import { StartFailure } from './start-failure.ts'

export type OpenSpans = SpanSink & {
  /** The same parts, each of whose answers is a span. */
  around(parts: readonly WebPart[], clock: Clock): readonly WebPart[]
  /** Sends what waits. */
  close(): Promise<void>
}

/** Waiting to be sent; more are dropped. */
const SPANS_WAITING_MAX = 4_096
const SEND_EVERY_MS = 5_000

export async function openSpans(endpoint: URL, version: string): Promise<OpenSpans> {
  const { api, sdk, otlp } = await loadPackages()
  let ids = { traceId: '', spanId: '' }
  const exporter = new otlp.OTLPTraceExporter({ url: tracesUrl(endpoint) })
  const provider = new sdk.BasicTracerProvider({
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [
      new sdk.BatchSpanProcessor(exporter, {
        maxQueueSize: SPANS_WAITING_MAX,
        scheduledDelayMillis: SEND_EVERY_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('postwolke', version)
  const sink: SpanSink = {
    end(span) {
      ids = span
      const { traceId, parentId, name, startMs, endMs, attributes, isError } = span
      const parent = { traceId, spanId: parentId ?? '', traceFlags: api.TraceFlags.SAMPLED }
      const context =
        parentId === null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, parent)
      const made = tracer.startSpan(
        name,
        { startTime: startMs, attributes: { ...attributes, 'service.name': 'postwolke' } },
        context,
      )
      if (isError) made.setStatus({ code: api.SpanStatusCode.ERROR })
      made.end(endMs)
    },
  }
  return {
    ...sink,
    around: (parts, clock) => withSpans(parts, sink, clock),
    close: () => provider.shutdown(),
  }
}

/** As OTEL_EXPORTER_OTLP_ENDPOINT is meant: the place of the collector, without what is sent. */
function tracesUrl(endpoint: URL): string {
  const base = endpoint.href.replace(/\/$/, '')
  return base.endsWith('/v1/traces') ? base : `${base}/v1/traces`
}

async function loadPackages() {
  try {
    const [api, sdk, otlp] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ])
    return { api, sdk, otlp }
  } catch {
    throw new StartFailure(
      "otlpEndpoint needs the packages of OpenTelemetry; 'npm ci' without --omit=optional installs them",
    )
  }
}

/** Each request that is answered is a span, of the trace that who asks names. */
export function withSpans(
  parts: readonly WebPart[],
  sink: SpanSink,
  clock: Clock,
): readonly WebPart[] {
  return parts.map((part) => ({
    ...part,
    async handler(request, caller) {
      const startMs = clock.now()
      const parent = parseTraceparent(request.headers.get('traceparent'))
      const end = (status: number) => {
        const span: Span = {
          traceId: parent?.traceId ?? newTraceId(),
          spanId: newSpanId(),
          parentId: parent?.parentId ?? null,
          name: `${part.name} ${request.method}`,
          ...{ startMs, endMs: clock.now(), isError: status >= 500 },
          attributes: { 'http.response.status_code': status, 'client.address': caller.address },
        }
        sink.end(span)
      }
      try {
        const response = await part.handler(request, caller)
        if (response !== undefined) end(response.status)
        return response
      } catch (error) {
        end(500)
        throw error
      }
    },
  }))
}
