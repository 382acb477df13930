// Rewritten senders (SRS): what one of them stands for, and another secret.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation, problem } from '../operation.ts'
import { addressText } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

export const rewrittenSenderOperations = [
  defineOperation({
    id: 'rewrittenSenders.show',
    method: 'post',
    path: '/rewrittenSenders:show',
    summary: 'Tells whom a rewritten sender stands for.',
    right: 'policy.read',
    onlyAsks: true,
    input: { body: z.strictObject({ address: addressText }) },
    subject: () => ofSystem,
    output: z.object({
      kind: z.enum(['sender', 'none', 'forged', 'expired']),
      address: z.string().nullable(),
    }),
    async run({ body }, { administration }) {
      const shown = await administration.srs.show(body.address)
      if (shown.kind === 'bad-value') return shown
      return answer({
        kind: shown.kind,
        address: shown.kind === 'sender' ? shown.address : null,
      })
    },
  }),
  defineOperation({
    id: 'rewrittenSenders.rotate',
    method: 'post',
    path: '/rewrittenSenders:rotate',
    summary: 'Makes another secret that signs from now on; those before still verify.',
    right: 'policy.write',
    subject: () => ofSystem,
    output: z.object({ secrets: z.number().int() }),
    async run(_, { administration }) {
      const rotated = await administration.srs.rotate()
      if (rotated.kind === 'rotated') return answer({ secrets: rotated.secrets })
      return problem({
        status: 409,
        code: 'in-file',
        detail: 'the secrets stand in the file of srsSecretsFile, which is the administrator’s own',
        errors: [{ field: 'srsSecretsFile', rule: { name: 'in-file' } }],
      })
    },
  }),
]
