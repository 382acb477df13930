// Who may administer what.

import { z } from '@hono/zod-openapi'
import { givenRoles, roles } from '#shared/administration/rights/roles.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, domainText, time, timeOf } from '../schemas.ts'
import { findAccount, ofAccount, ofSystem } from '../subjects.ts'

const holder = z
  .object({
    address: z.string(),
    id: z.string(),
    role: z.enum(givenRoles),
    domains: z.array(z.string()),
    since: time,
    enabled: z.boolean(),
  })
  .openapi('RoleHolder')

const given = z.object({
  address: z.string(),
  role: z.enum(roles),
  domains: z.array(z.string()),
  before: z.enum(roles),
})

export const roleOperations = [
  defineOperation({
    id: 'roles.list',
    method: 'get',
    path: '/roles',
    summary: 'Lists who has a role, owners first.',
    right: 'roles.read',
    subject: () => ofSystem,
    output: z.object({ data: z.array(holder) }),
    async run(_, { administration }) {
      const { holders } = await administration.roles.list()
      return answer({
        data: holders.map(({ sinceMs, domains, ...facts }) => ({
          ...facts,
          domains: [...domains],
          since: timeOf(sinceMs),
        })),
      })
    },
  }),
  defineOperation({
    id: 'roles.set',
    method: 'put',
    path: '/accounts/{account}/role',
    summary: 'Gives an account a role in place of the one it has; holder takes it away.',
    right: 'roles.write',
    subject: ({ params }) => ofAccount(params.account),
    input: {
      params: accountParams,
      body: z.strictObject({
        role: z.string().max(50).openapi({ example: 'domain-admin' }),
        domains: z.array(domainText).max(1_000).optional(),
      }),
    },
    output: given,
    async run({ params, body }, { administration, deps }) {
      const account = await findAccount(params.account, deps)
      const address = account === undefined ? params.account : formatAddress(account.address)
      const set = await administration.roles.set({ address, ...body })
      if (set.kind !== 'role-set') return set
      const { kind: _, domains, ...facts } = set
      return answer({ ...facts, domains: [...domains] })
    },
  }),
]
