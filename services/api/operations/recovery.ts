// The recovery address of an account, and a forgotten password.

import { z } from '@hono/zod-openapi'
import { LINK_CHARACTERS_MAX } from '#shared/identity/links.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Rate } from '#shared/rates/rate.ts'
import { inSteps } from '#shared/runtime/in-steps.ts'
import type { OpenCall } from '../call.ts'
import { answer, defineOpenOperation, defineOperation, problem } from '../operation.ts'
import { accountParams, addressText, time, timeOf } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

/** What a store and a queue need for it, however slow they are. */
export const FORGOTTEN_STEP_MS = 1_000
/** Of one network, whomever it asks for. */
export const FORGOTTEN_NETWORK_RATE: Rate = {
  name: 'forgotten-network',
  capacity: 10,
  perMs: 3_600_000,
}

const secret = z.string().max(LINK_CHARACTERS_MAX)
const ofPath = ({ params }: { readonly params: { readonly account: string } }) =>
  ofAccount(params.account)

const confirmed = z.object({ address: z.string(), recoveryAddress: z.string() })

export const recoveryOperations = [
  defineOperation({
    id: 'recovery.get',
    method: 'get',
    path: '/accounts/{account}/recovery',
    summary: 'Tells where an account is sent a link for a new password.',
    right: 'logins.read',
    input: { params: accountParams },
    subject: ofPath,
    output: z.object({
      recoveryAddress: z.string().nullable(),
      since: time.nullable(),
      waitsUntil: time.nullable().openapi({
        description: 'Until when another one can be confirmed, where a link was sent.',
      }),
    }),
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const found = await call.administration.recovery.show(address)
      if (found.kind !== 'recovery') return found
      const { recoveryAddress, sinceMs, waitsUntilMs } = found
      return answer({
        recoveryAddress,
        since: sinceMs === null ? null : timeOf(sinceMs),
        waitsUntil: waitsUntilMs === null ? null : timeOf(waitsUntilMs),
      })
    },
  }),
  defineOperation({
    id: 'recovery.set',
    method: 'put',
    path: '/accounts/{account}/recovery',
    summary:
      'Mails a link to an address elsewhere; once it is used, links for a new password of one’s own account are sent there.',
    right: 'self.secrets',
    input: { params: accountParams, body: z.strictObject({ recoveryAddress: addressText }) },
    subject: ofPath,
    output: z.object({ recoveryAddress: z.string(), waitsUntil: time }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const by = call.actor.name
      const asked = await call.administration.recovery.ask({ ...body, address, by })
      if (asked.kind !== 'recovery-asked') return asked
      const { recoveryAddress, expiresMs } = asked
      return answer({ recoveryAddress, waitsUntil: timeOf(expiresMs) })
    },
  }),
  defineOperation({
    id: 'recovery.remove',
    method: 'delete',
    path: '/accounts/{account}/recovery',
    summary: 'No link for a new password is sent anywhere any more.',
    right: 'credentials.reset',
    input: { params: accountParams },
    subject: ofPath,
    output: 'nothing',
    async run({ params }, call) {
      const removed = await call.administration.recovery.remove(
        await addressOf(call, params.account),
      )
      return removed.kind === 'recovery-removed' ? answer(null) : removed
    },
  }),
  defineOpenOperation({
    id: 'recovery.look',
    method: 'post',
    path: '/recovery:look',
    summary: 'Tells what a link for a recovery address is about, without using it.',
    onlyAsks: true,
    secretAnswer: true,
    input: { body: z.strictObject({ secret }) },
    output: confirmed,
    async run({ body }, { administration }) {
      const found = await administration.recovery.look(body.secret)
      if (found.kind !== 'recovery-link') return found
      const { address, recoveryAddress } = found
      return answer({ address, recoveryAddress })
    },
  }),
  defineOpenOperation({
    id: 'recovery.confirm',
    method: 'post',
    path: '/recovery:confirm',
    summary: 'Uses a link: its address is where links for a new password are sent from now on.',
    secretAnswer: true,
    recordsItself: true,
    input: { body: z.strictObject({ secret }) },
    output: confirmed,
    async run({ body }, call) {
      const { administration, deps, auditEntry } = call
      const found = await administration.recovery.look(body.secret)
      if (found.kind !== 'recovery-link') return found
      const { accountId } = found
      const record = await deps.audit.begin({
        ...auditEntry,
        object: `accounts/${found.address}`,
        accountId,
      })
      const done = await administration.recovery.confirm(body.secret)
      const code = done.kind === 'recovery-confirmed' ? 'ok' : done.kind
      await record.end({ code, changes: call.changes() })
      if (done.kind !== 'recovery-confirmed') return done
      const { address, recoveryAddress } = done
      return answer({ address, recoveryAddress })
    },
  }),
  defineOpenOperation({
    id: 'recovery.forgotten',
    method: 'post',
    path: '/recovery:forgotten',
    summary:
      'Mails a link for a new password to the recovery address of an account, where there is one; what is answered, and when, says nothing of that.',
    secretAnswer: true,
    recordsItself: true,
    input: { body: z.strictObject({ login: addressText }) },
    output: z.object({}),
    async run({ body }, call) {
      const network = clientNetwork(call.caller.address)
      if (!(await call.deps.rates.takeShared(FORGOTTEN_NETWORK_RATE, network))) return tooMany
      await inSteps(FORGOTTEN_STEP_MS, call.deps.clock, () => forgotten(body.login, call))
      return answer({}, { status: 202 })
    },
  }),
]

async function forgotten(login: string, call: OpenCall): Promise<void> {
  const { administration, deps, auditEntry, isRehearsal } = call
  if (isRehearsal) return
  const { account } = await administration.recovery.forgotten(login)
  if (account === null) {
    const object = `recovery/${login.slice(0, 100)}`
    const network = clientNetwork(call.caller.address)
    await deps.audit.noteRefused({ ...auditEntry, object }, 'nothing-sent', network)
    return
  }
  const { address, id } = account
  await deps.audit.note(
    {
      ...auditEntry,
      object: `accounts/${formatAddress(address)}`,
      accountId: id,
      domain: address.domain,
    },
    { code: 'ok', changes: call.changes() },
  )
}

const tooMany = problem({
  status: 429,
  code: 'too-many-requests',
  detail: `at most ${FORGOTTEN_NETWORK_RATE.capacity} an hour from one network`,
  headers: { 'retry-after': '3600' },
})
