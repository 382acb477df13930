// Tokens of the API: an account's own, and for owners those of all.

import { z } from '@hono/zod-openapi'
import type { TokenFacts } from '#shared/administration/tokens.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import { pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { ofOwnAccount, ofSystem, ofToken } from '../subjects.ts'

const token = z
  .object({
    id: z.string(),
    accountId: z.string(),
    address: z.string().nullable(),
    name: z.string(),
    scopes: z
      .array(z.string())
      .openapi({ description: 'Rights; never more than its account has.' }),
    createdAt: time,
    expiresAt: time,
    hasExpired: z.boolean(),
    usedAt: time.nullable().openapi({ description: 'To the hour.' }),
    usedFrom: z.string().nullable(),
  })
  .openapi('Token')

const tokenOf = ({ createdMs, expiresMs, usedMs, scopes, ...facts }: TokenFacts) => ({
  ...facts,
  scopes: [...scopes],
  createdAt: timeOf(createdMs),
  expiresAt: timeOf(expiresMs),
  usedAt: usedMs === null ? null : timeOf(usedMs),
})

const tokenParams = z.object({ token: z.string().max(100) })

export const tokenOperations = [
  defineOperation({
    id: 'tokens.listOwn',
    method: 'get',
    path: '/me/tokens',
    summary: 'Lists the tokens of who asks, the newest first.',
    right: 'self.read',
    subject: () => ofOwnAccount,
    output: z.object({ data: z.array(token) }),
    async run(_, { actor, administration }) {
      const found = actor.accountId === null ? [] : await administration.tokens.of(actor.accountId)
      return answer({ data: found.map(tokenOf) })
    },
  }),
  defineOperation({
    id: 'tokens.create',
    method: 'post',
    path: '/me/tokens',
    summary: 'Makes a token; it is shown this once.',
    status: 201,
    secretAnswer: true,
    right: 'self.secrets',
    subject: () => ofOwnAccount,
    input: {
      body: z.strictObject({
        name: z.string().max(200),
        scopes: z.array(z.string().max(50)).max(100),
        expires: z.string().max(50).optional().openapi({
          description: 'For how long: 90d. Default: 90 days.',
          example: '90d',
        }),
      }),
    },
    output: token.extend({ secret: z.string() }),
    async run({ body }, { actor, administration }) {
      const made = await administration.tokens.make({ actor, ...body })
      if (made.kind !== 'made') return made
      const location = `/tokens/${made.token.id}`
      return answer({ ...tokenOf(made.token), secret: made.text }, { location })
    },
  }),
  defineOperation({
    id: 'tokens.list',
    method: 'get',
    path: '/tokens',
    summary: 'Lists the tokens of all accounts.',
    right: 'tokens.read',
    subject: () => ofSystem,
    input: { query: z.strictObject(pageQuery) },
    output: pageOf(token),
    run: ({ query }, call) =>
      listOf(
        call,
        query,
        {},
        async ({ after, limit = 1 }) => ({
          kind: 'page' as const,
          ...(await call.administration.tokens.page({ after, limit })),
        }),
        tokenOf,
      ),
  }),
  defineOperation({
    id: 'tokens.revoke',
    method: 'delete',
    path: '/tokens/{token}',
    summary: 'Revokes a token: one of one’s own, or as owner of anybody.',
    right: 'tokens.revoke',
    subject: ({ params }) => ofToken(params.token),
    input: { params: tokenParams },
    output: 'nothing',
    async run({ params }, { administration }) {
      const revoked = await administration.tokens.revoke(params.token)
      return revoked.kind === 'revoked' ? answer(null) : revoked
    },
  }),
]
