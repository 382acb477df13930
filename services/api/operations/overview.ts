// What needs somebody.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation } from '../operation.ts'
import { time, timeOf } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

export const overviewOperations = [
  defineOperation({
    id: 'overview.read',
    method: 'get',
    path: '/overview',
    summary: 'Tells what needs somebody, the gravest first, and where something is done about it.',
    right: 'service.read',
    subject: () => ofSystem,
    output: z.object({
      findings: z.array(
        z
          .object({
            kind: z.string(),
            look: z.enum(['bad', 'warn']),
            about: z.string().optional(),
            text: z.string(),
            facts: z.record(z.string(), z.union([z.string(), z.number()])),
            href: z.string(),
          })
          .openapi('OverviewFinding'),
      ),
      queue: z.object({ messages: z.number().int(), oldestAt: time.nullable() }),
    }),
    async run(_, { deps }) {
      const { findings, queue } = await deps.overview.read()
      const oldestAt = queue.oldestMs === null ? null : timeOf(queue.oldestMs)
      return answer({
        findings: findings.map((finding) => ({ ...finding, facts: { ...finding.facts } })),
        queue: { messages: queue.messages, oldestAt },
      })
    },
  }),
]
