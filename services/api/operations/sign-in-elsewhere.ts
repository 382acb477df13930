// Signing in without a password: by a passkey alone, or with the issuer of OpenID Connect.

import { z } from '@hono/zod-openapi'
import { IssuerDown } from '#shared/auth/issuer/issuer.ts'
import type { OidcRefused } from '#shared/identity/oidc-sign-in.ts'
import type { SignedIn, SignInRefused } from '#shared/identity/sign-in.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Call, OpenCall } from '../call.ts'
import { answer, defineOpenOperation, defineOperation, problem } from '../operation.ts'
import { ofList } from '../subjects.ts'
import { placeOf, signedIn, signInOutcome, steppedUpOutcome } from './session.ts'

const BINDING_CHARACTERS_MAX = 100
const QUERY_CHARACTERS_MAX = 8_192

/** What was given at the beginning, and shown at the end by the same browser. */
const binding = z.string().min(16).max(BINDING_CHARACTERS_MAX)
const returned = z.strictObject({
  query: z.string().max(QUERY_CHARACTERS_MAX).openapi({
    description: 'What stands behind the question mark of the address that the issuer led back to.',
  }),
  binding,
})
const way = z.object({ url: z.string(), binding: z.string() })

const noIssuer = problem({
  status: 404,
  code: 'no-issuer',
  detail: 'nobody signs in elsewhere here; oidcIssuer is not set',
})

const issuerDown = problem({
  status: 503,
  code: 'issuer-down',
  detail: 'the issuer does not answer; sign in with a password, or later',
  headers: { 'retry-after': '30' },
})

const reasons: { readonly [reason in OidcRefused['reason']]: string } = {
  'not-begun': 'this sign-in was not begun here, or too long ago; begin again',
  issuer: 'the issuer did not let you in',
  'no-account': 'the issuer knows you, and no account here is yours',
}

const notLetIn = ({ reason, detail }: OidcRefused) =>
  problem({
    status: 401,
    code: reason === 'issuer' ? 'issuer-refused' : reason,
    detail: detail === undefined ? reasons[reason] : `${reasons[reason]} (${detail})`,
  })

async function orDown<T>(work: () => Promise<T>): Promise<T | typeof issuerDown> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof IssuerDown) return issuerDown
    throw error
  }
}

const originOf = ({ request }: OpenCall) => new URL(request.url).origin

async function finish(call: OpenCall, body: z.output<typeof returned>) {
  const { oidc } = call.deps
  return oidc === undefined ? noIssuer : await oidc.finish(body)
}

export const signInElsewhereOperations = [
  defineOpenOperation({
    id: 'session.ways',
    method: 'get',
    path: '/session/ways',
    summary: 'Tells which ways to sign in there are besides a password and a passkey.',
    output: z.object({ oidc: z.boolean() }),
    run: async (_, { deps }) => answer({ oidc: deps.oidc !== undefined }),
  }),
  defineOpenOperation({
    id: 'session.passkeyQuestion',
    method: 'post',
    path: '/session/passkey:ask',
    summary: 'Asks for what any passkey of this site has to sign.',
    onlyAsks: true,
    secretAnswer: true,
    input: { body: z.strictObject({ binding }) },
    output: z.object({ question: z.unknown() }),
    run: async ({ body }, { deps }) =>
      answer({ question: await deps.factors.askAnybody(body.binding) }),
  }),
  defineOpenOperation({
    id: 'session.passkey',
    method: 'post',
    path: '/session/passkey',
    summary: 'Signs in with a passkey, which says whose it is.',
    secretAnswer: true,
    recordsItself: true,
    input: { body: z.strictObject({ binding, answer: z.looseObject({}) }) },
    output: signedIn,
    async run({ body }, call) {
      const owner = await call.deps.factors.checkAnybody(body.answer, body.binding)
      const result: SignedIn | SignInRefused =
        owner === undefined
          ? { kind: 'refused' }
          : await call.deps.signIns.begin(owner.accountId, ['passkey'], placeOf(call))
      return await signInOutcome(call, result, 'passkey', 'factor')
    },
  }),
  defineOpenOperation({
    id: 'session.oidcBegin',
    method: 'post',
    path: '/session/oidc:begin',
    summary:
      'Tells where to sign in with the issuer; it leads back to /sign-in/oidc of the console.',
    onlyAsks: true,
    secretAnswer: true,
    output: way,
    run: async (_, call) =>
      await orDown(async () => {
        const { oidc } = call.deps
        return oidc === undefined ? noIssuer : answer(await oidc.begin({ origin: originOf(call) }))
      }),
  }),
  defineOpenOperation({
    id: 'session.oidc',
    method: 'post',
    path: '/session/oidc',
    summary: 'Signs in with what the issuer led back with.',
    secretAnswer: true,
    recordsItself: true,
    input: { body: returned },
    output: signedIn,
    run: async ({ body }, call) =>
      await orDown(async () => {
        const found = await finish(call, body)
        if (found.kind === 'problem') return found
        if (found.kind === 'refused') return notLetIn(found)
        const { id, address } = found.account
        const result = await call.deps.signIns.begin(id, ['oidc'], placeOf(call))
        return await signInOutcome(call, result, formatAddress(address))
      }),
  }),
  defineOperation({
    id: 'session.oidcStepUpBegin',
    method: 'post',
    path: '/session/step-up/oidc:begin',
    summary: 'Tells where to prove oneself anew with the issuer.',
    onlyAsks: true,
    secretAnswer: true,
    right: 'signed-in',
    subject: () => ofList,
    output: way,
    run: async (_, call) =>
      await orDown(async () => {
        const { oidc } = call.deps
        if (oidc === undefined) return noIssuer
        return answer(await oidc.begin({ origin: originOf(call), anew: true }))
      }),
  }),
  defineOperation({
    id: 'session.oidcStepUp',
    method: 'post',
    path: '/session/step-up/oidc',
    summary: 'Steps up with what the issuer led back with.',
    secretAnswer: true,
    recordsItself: true,
    right: 'signed-in',
    subject: () => ofList,
    input: { body: returned },
    output: signedIn,
    run: async ({ body }, call: Call) =>
      await orDown(async () => {
        const found = await finish(call, body)
        if (found.kind === 'problem') return found
        if (found.kind === 'refused') return notLetIn(found)
        const { identity, deps } = call
        // Somebody else, or himself without having been asked.
        if (!found.anew || found.account.id !== identity.session?.accountId) {
          return notLetIn({ kind: 'refused', reason: 'not-begun' })
        }
        const result = await deps.signIns.stepUpBy(identity, 'oidc')
        if (result.kind !== 'stepped-up') return notLetIn({ kind: 'refused', reason: 'not-begun' })
        await deps.audit.note(call.auditEntry, { code: 'ok', changes: [] })
        return steppedUpOutcome(call, result)
      }),
  }),
]
