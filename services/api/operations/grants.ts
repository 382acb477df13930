// Rights of others in the folders of an account (RFC 4314). Whoever gives them lets somebody read mail, so that giving them needs the right that
// taking mail out of the system does.

import { z } from '@hono/zod-openapi'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const grant = z
  .object({ folder: z.string(), grantee: z.string(), rights: z.string() })
  .openapi('Grant')

const place = { folder: text('INBOX'), grantee: text('bob@example.org') }

export const grantOperations = [
  defineOperation({
    id: 'grants.list',
    method: 'get',
    path: '/accounts/{account}/grants',
    summary: 'Lists the rights of others in the folders of an account.',
    right: 'directory.read',
    input: { params: accountParams, query: z.strictObject({ folder: place.folder.optional() }) },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ data: z.array(grant) }),
    async run({ params, query }, call) {
      const address = await addressOf(call, params.account)
      const listed = await call.administration.grants.list({ ...query, address })
      return listed.kind === 'grants' ? answer({ data: [...listed.grants] }) : listed
    },
  }),
  defineOperation({
    id: 'grants.set',
    method: 'put',
    path: '/accounts/{account}/grants',
    summary: 'Gives somebody rights in a folder, in place of those he has there.',
    right: 'mail.export',
    input: { params: accountParams, body: z.strictObject({ ...place, rights: text('lrs') }) },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ rights: z.string() }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const set = await call.administration.grants.set({ ...body, address })
      return set.kind === 'set' ? answer({ rights: set.rights }) : set
    },
  }),
  defineOperation({
    id: 'grants.delete',
    method: 'delete',
    path: '/accounts/{account}/grants',
    summary: 'Takes from somebody all rights in a folder.',
    right: 'mail.export',
    input: { params: accountParams, query: z.strictObject(place) },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    async run({ params, query }, call) {
      const address = await addressOf(call, params.account)
      const set = await call.administration.grants.remove({ ...query, address })
      return set.kind === 'set' ? answer(null) : set
    },
  }),
]
