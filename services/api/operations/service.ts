// The service itself: what runs, what it shows, what it takes up, and what a doctor finds.

import { z } from '@hono/zod-openapi'
import { DIAGNOSE, findingsOf, lastDiagnosis } from '#shared/administration/jobs/diagnose.ts'
import type { CertificateFacts } from '#shared/administration/status.ts'
import { isEnded } from '#shared/jobs/job.ts'
import { answer, defineOperation, problem } from '../operation.ts'
import { time, timeOf } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'
import { begun, jobOf, jobSchema, ownerOf, rehearsedJob } from './jobs.ts'

const certificate = z
  .object({
    file: z.string(),
    keptBy: z.enum(['acme', 'files']).openapi({ description: '`acme`: the system gets the next.' }),
    problem: z.string().nullable().openapi({ description: 'It cannot be read.' }),
    names: z.array(z.string()),
    issuer: z.string().nullable(),
    expiresAt: time.nullable(),
    daysLeft: z.number().int().nullable(),
  })
  .openapi('Certificate')

function certificateOf({
  keptBy,
  ...facts
}: CertificateFacts & { readonly keptBy: 'acme' | 'files' }) {
  const { file } = facts
  if (facts.kind === 'unreadable') {
    const none = { names: [], issuer: null, expiresAt: null, daysLeft: null }
    return { file, keptBy, problem: 'it cannot be read', ...none }
  }
  const { names, issuer, expiresMs, daysLeft } = facts
  return {
    ...{ file, keptBy, problem: null, issuer, daysLeft },
    names: names.split(', '),
    expiresAt: timeOf(expiresMs),
  }
}

type Transport = 'stream' | 'after'

const transportsOf = ({ streams }: { readonly streams: boolean }): Transport[] =>
  streams ? ['stream', 'after'] : ['after']

const finding = z
  .object({
    check: z.string(),
    of: z.string(),
    state: z.enum(['ok', 'warn', 'bad', 'unknown']),
    found: z.string(),
    next: z.string().optional().openapi({ description: 'What to do.' }),
  })
  .openapi('Finding')

const notOurs = problem({
  status: 409,
  code: 'not-kept-here',
  detail: 'the certificate is given to the system, which gets none by itself (acmeDirectory)',
})

export const serviceOperations = [
  defineOperation({
    id: 'service.get',
    method: 'get',
    path: '/service',
    summary:
      'Tells what runs and since when, listeners, certificate, disk, queue, and how events are told here. What is not known is null.',
    right: 'service.read',
    subject: () => ofSystem,
    output: z.object({
      version: z.string(),
      node: z.string(),
      pid: z.number().int().nullable(),
      startedAt: z.string().nullable(),
      listeners: z.array(
        z.object({ name: z.string(), address: z.string(), port: z.number().int() }),
      ),
      certificates: z.array(certificate),
      disk: z
        .object({ freeBytes: z.number(), bytes: z.number(), isReadOnly: z.boolean() })
        .nullable(),
      queue: z.object({
        incoming: z.number().int(),
        waiting: z.number().int(),
        held: z.number().int(),
      }),
      events: z.object({
        transports: z.array(z.enum(['stream', 'after'])).openapi({
          description: '`stream`: text/event-stream; `after`: pages by the id of the last event.',
        }),
      }),
      usage: z.object({
        measured: z.array(z.literal('storage')).openapi({
          description: 'What is measured where it runs; what the month has used tells `/usage`.',
        }),
        storageBytes: z.number().nullable(),
      }),
    }),
    async run(_, { deps }) {
      const { version, node, server, disk, queue, usage, ...facts } = await deps.service.read()
      return answer({
        ...{ version, node, disk },
        queue: { incoming: queue.incoming, waiting: queue.waiting, held: queue.held },
        pid: server?.pid ?? null,
        startedAt: server?.started ?? null,
        listeners: (server?.listeners ?? []).map(({ name, address, port }) => ({
          ...{ name, address, port },
        })),
        certificates: facts.certificate === null ? [] : [certificateOf(facts.certificate)],
        events: { transports: transportsOf(facts.events) },
        usage: { measured: [...usage.measured], storageBytes: usage.storageBytes },
      })
    },
  }),
  defineOperation({
    id: 'service.renewCertificate',
    method: 'post',
    path: '/service:renewCertificate',
    summary: 'Looks now whether a new certificate is due and gets it, where the system does that.',
    right: 'service.act',
    input: { body: z.strictObject({}) },
    subject: () => ofSystem,
    output: z.object({
      result: z.enum(['renewed', 'kept', 'failed', 'under-way', 'not-tried']),
      reason: z.string().nullable(),
    }),
    async run(_, { deps, isRehearsal, log }) {
      const { renewCertificate } = deps.service
      if (renewCertificate === undefined) return notOurs
      if (isRehearsal) return answer({ result: 'not-tried' as const, reason: null })
      const renewal = await renewCertificate()
      const reason = renewal.kind === 'failed' ? renewal.reason : null
      log.info({ result: renewal.kind }, 'certificate looked at when asked')
      return answer<{ result: typeof renewal.kind; reason: string | null }>({
        result: renewal.kind,
        reason,
      })
    },
  }),
  defineOperation({
    id: 'doctor.run',
    method: 'post',
    path: '/doctor',
    summary: 'Measures what a mail host needs, as a job; one that is at it goes on.',
    right: 'service.act',
    status: 202,
    input: { body: z.strictObject({}) },
    subject: () => ofSystem,
    output: jobSchema,
    async run(_, call) {
      const { jobs } = call.deps
      const last = await lastDiagnosis(jobs)
      if (last !== undefined && !isEnded(last.state)) return begun(last)
      if (call.isRehearsal) {
        return answer(rehearsedJob(call, { kind: DIAGNOSE, total: null }))
      }
      return begun(await jobs.begin({ kind: DIAGNOSE, input: null, owner: ownerOf(call) }))
    },
  }),
  defineOperation({
    id: 'doctor.get',
    method: 'get',
    path: '/doctor',
    summary: 'Tells what the doctor found when it last looked, as far as it is.',
    right: 'service.read',
    subject: () => ofSystem,
    output: z.object({
      job: jobSchema.nullable().openapi({ description: 'Null: it has not looked lately.' }),
      findings: z.array(finding),
    }),
    async run(_, { deps }) {
      const job = await lastDiagnosis(deps.jobs)
      if (job === undefined) return answer({ job: null, findings: [] })
      const findings = await findingsOf(deps.jobs, job)
      return answer({ job: jobOf(job), findings: findings.map((one) => ({ ...one })) })
    },
  }),
]
