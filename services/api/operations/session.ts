// Signing in, proving oneself again, and where one is signed in.

import { z } from '@hono/zod-openapi'
import { auditActor } from '#shared/administration/audit/entries.ts'
import { STEP_UP_MS } from '#shared/administration/rights/allowed.ts'
import { rights } from '#shared/administration/rights/rights.ts'
import { roles } from '#shared/administration/rights/roles.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { actorOfSession } from '#shared/identity/identities.ts'
import { factorMethods } from '#shared/identity/second-factors.ts'
import type { Session, SessionPlace } from '#shared/identity/sessions.ts'
import { COOKIE_CHARACTERS_MAX } from '#shared/identity/sessions.ts'
import {
  type SignedIn,
  type SignInRefused,
  TICKET_CHARACTERS_MAX,
  type TicketGone,
} from '#shared/identity/sign-in.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { clientNetwork } from '#shared/net/client-network.ts'
import type { Call, OpenCall } from '../call.ts'
import { answer, defineOpenOperation, defineOperation, problem } from '../operation.ts'
import { accountParams, addressText, time, timeOf } from '../schemas.ts'
import { clearCookie, setCookie } from '../session-cookie.ts'
import { findAccount, ofAccount, ofList } from '../subjects.ts'

const PASSWORD_CHARACTERS_MAX = 1_024
const ANSWER_CHARACTERS_MAX = 20_000

const password = z.string().max(PASSWORD_CHARACTERS_MAX)
const method = z.enum(factorMethods)
const proofMethod = z.enum(['password', 'oidc', 'link', ...factorMethods])

/** Of a second factor, as whoever keeps it takes it. */
const factorAnswer = z
  .union([z.string().max(ANSWER_CHARACTERS_MAX), z.looseObject({})])
  .openapi({ description: 'A code, or what the browser made of the question of a passkey.' })

const sessionFacts = z
  .object({
    id: z.string(),
    createdAt: time,
    usedAt: time,
    expiresAt: time,
    methods: z.array(proofMethod),
    address: z.string().openapi({ description: 'Of the client.' }),
    client: z.string(),
    isThis: z.boolean(),
  })
  .openapi('Session')

const sessionOf = (session: Session, current: Session | null) => ({
  id: session.id,
  createdAt: timeOf(session.createdMs),
  usedAt: timeOf(session.usedMs),
  expiresAt: timeOf(session.expiresMs),
  methods: [...session.methods],
  address: session.from.address,
  client: session.from.client,
  isThis: session.id === current?.id,
})

export const signedIn = z
  .object({
    state: z.literal('signed-in'),
    account: z.object({ id: z.string().nullable(), address: z.string() }),
    role: z.enum(roles),
    domains: z.array(z.string()),
    rights: z.record(z.string(), z.enum(['all', 'domains', 'self'])).openapi({
      description: 'What the role may and how far; what has none of them is not here.',
    }),
    via: z.enum(['cookie', 'token', 'local']),
    scopes: z.array(z.string()).nullable().openapi({ description: 'Of a token; null: all.' }),
    session: sessionFacts.nullable(),
    steppedUpUntil: time.nullable().openapi({
      description: 'Until when dangerous acts need no further factor.',
    }),
  })
  .openapi('SignedIn')

const needsFactor = z
  .object({
    state: z.literal('needs-factor'),
    methods: z.array(method),
    ticket: z.string(),
    expiresAt: time,
  })
  .openapi('NeedsFactor')

const signedInOf = ({ actor, session }: Pick<Call['identity'], 'actor' | 'session'>) => ({
  state: 'signed-in' as const,
  account: { id: actor.accountId, address: actor.name },
  role: actor.role,
  domains: [...actor.domains],
  rights: reachesOf(actor.role),
  via: actor.via,
  scopes: actor.scopes && [...actor.scopes],
  session: session && sessionOf(session, session),
  steppedUpUntil: actor.steppedUpMs === null ? null : timeOf(actor.steppedUpMs + STEP_UP_MS),
})

function reachesOf(role: Call['actor']['role']) {
  const all = Object.entries(rights).flatMap(([right, row]) => {
    // With its own account everybody may what a holder may.
    const reach = row[role] === 'none' ? row.holder : row[role]
    return reach === 'none' ? [] : [[right, reach] as const]
  })
  return Object.fromEntries(all)
}

export const placeOf = ({ caller, request }: OpenCall): SessionPlace => ({
  address: caller.address,
  client: request.headers.get('user-agent') ?? '',
})

/** What a sign-in says, whichever way it came; for operations of other factors too. */
export async function signInOutcome(
  call: OpenCall,
  result: SignedIn | SignInRefused | TicketGone,
  login: string,
  of: 'password' | 'factor' = 'password',
) {
  const { deps, auditEntry, identity } = call
  if (result.kind === 'signed-in') {
    // The session of before, if there was one, is nobody's any more (session fixation).
    const before = identity?.session
    if (before != null) await deps.webSessions.end(before.accountId, before.id)
    await noteSignIn(call, result.account, result.session)
    const actor = actorOfSession(result.account, result.session)
    return answer(signedInOf({ actor, session: result.session }), {
      status: 201,
      headers: Object.fromEntries([setCookie(result.cookie)]),
    })
  }
  const network = clientNetwork(call.caller.address)
  await deps.audit.noteRefused(
    { ...auditEntry, object: `session/${login.slice(0, 100)}` },
    result.kind,
    network,
  )
  return refusedOutcome(result, of)
}

/** `of`: what was shown. Who came so far as to be asked for a factor may know that it was that. */
export function refusedOutcome(
  result: SignInRefused | TicketGone,
  of: 'password' | 'factor' = 'password',
) {
  switch (result.kind) {
    case 'throttled':
      return problem({
        status: 429,
        code: 'too-many-failures',
        detail: `too many failures; wait ${result.retryAfterSeconds} s`,
        headers: { 'retry-after': String(result.retryAfterSeconds) },
      })
    case 'ticket-gone':
      return problem({
        status: 401,
        code: 'ticket-gone',
        detail:
          'this sign-in took too long, or its factor was wrong too often; begin with the password again',
      })
    case 'refused':
      if (of === 'factor') {
        return problem({
          status: 401,
          code: 'wrong-factor',
          detail: 'the factor is wrong, or the account may not sign in; try again',
        })
      }
      return problem({
        status: 401,
        code: 'wrong-credentials',
        detail: 'name, password or factor is wrong, or the account may not sign in',
      })
  }
}

async function noteSignIn(
  { deps, auditEntry }: OpenCall,
  account: AccountRecord,
  session: Session,
) {
  const actor = actorOfSession(account, session)
  const { address, id } = account
  await deps.audit.note(
    {
      ...auditEntry,
      actor: auditActor(actor, null, true),
      object: `accounts/${formatAddress(address)}`,
      accountId: id,
      domain: address.domain,
    },
    { code: 'ok', changes: [] },
  )
}

/** A session that stepped up has another secret. */
export const steppedUpOutcome = (
  call: Call,
  { cookie, session }: { readonly cookie: string; readonly session: Session },
) =>
  answer(signedInOf({ actor: { ...call.actor, steppedUpMs: session.steppedUpMs }, session }), {
    headers: Object.fromEntries([setCookie(cookie)]),
  })

const notACookie = problem({
  status: 409,
  code: 'no-session',
  detail: 'this is of sessions; a token needs no step-up',
})

export const sessionOperations = [
  defineOpenOperation({
    id: 'session.create',
    method: 'post',
    path: '/session',
    summary: 'Signs in with a password; where the account has second factors, one is asked for.',
    secretAnswer: true,
    recordsItself: true,
    input: { body: z.strictObject({ login: addressText, password }) },
    output: z.union([signedIn, needsFactor]),
    async run({ body }, call) {
      const { login } = body
      const attempt = { login, password: Buffer.from(body.password), from: placeOf(call) }
      const result = await call.deps.signIns.withPassword(attempt)
      if (result.kind !== 'needs-factor') return await signInOutcome(call, result, login)
      const { methods, ticket, expiresMs } = result
      return answer({
        state: 'needs-factor' as const,
        methods: [...methods],
        ticket,
        expiresAt: timeOf(expiresMs),
      })
    },
  }),
  defineOpenOperation({
    id: 'session.factorQuestion',
    method: 'post',
    path: '/session/factor:ask',
    summary: 'Asks for what a passkey has to sign.',
    onlyAsks: true,
    secretAnswer: true,
    input: { body: z.strictObject({ ticket: z.string().max(TICKET_CHARACTERS_MAX), method }) },
    output: z.object({ question: z.unknown() }),
    async run({ body: { ticket, method } }, { deps }) {
      const asked = await deps.signIns.ask(ticket, method)
      if (asked.kind === 'ticket-gone') return refusedOutcome(asked)
      return asked.kind === 'question' ? answer({ question: asked.question }) : noFactor
    },
  }),
  defineOpenOperation({
    id: 'session.factor',
    method: 'post',
    path: '/session/factor',
    summary: 'Shows the second factor that the sign-in asked for.',
    secretAnswer: true,
    recordsItself: true,
    input: {
      body: z.strictObject({
        ticket: z.string().max(TICKET_CHARACTERS_MAX),
        method,
        answer: factorAnswer,
      }),
    },
    output: signedIn,
    async run({ body: { ticket, method, answer } }, call) {
      const result = await call.deps.signIns.withFactor({
        ticket,
        answer: { method, answer },
        from: placeOf(call),
      })
      return await signInOutcome(call, result, method, 'factor')
    },
  }),
  defineOperation({
    id: 'session.get',
    method: 'get',
    path: '/session',
    summary: 'Tells who has signed in, and what he may.',
    right: 'signed-in',
    subject: () => ofList,
    output: signedIn,
    run: async (_, { identity }) => answer(signedInOf(identity)),
  }),
  defineOperation({
    id: 'session.end',
    method: 'delete',
    path: '/session',
    summary: 'Signs out.',
    recordsItself: true,
    right: 'signed-in',
    subject: () => ofList,
    output: 'nothing',
    async run(_, { identity: { session }, deps }) {
      if (session !== null) await deps.webSessions.end(session.accountId, session.id)
      return answer(null, { headers: Object.fromEntries([clearCookie]) })
    },
  }),
  defineOperation({
    id: 'session.stepUpMethods',
    method: 'get',
    path: '/session/step-up',
    summary: 'Tells what has to be shown to step up.',
    right: 'signed-in',
    subject: () => ofList,
    output: z.object({ methods: z.array(z.enum(['password', ...factorMethods])) }),
    async run(_, { identity: { session }, deps }) {
      if (session === null) return notACookie
      return answer({ methods: [...(await deps.signIns.stepUpMethods(session.accountId))] })
    },
  }),
  defineOperation({
    id: 'session.stepUpQuestion',
    method: 'post',
    path: '/session/step-up:ask',
    summary: 'Asks for what a passkey has to sign to step up.',
    onlyAsks: true,
    secretAnswer: true,
    right: 'signed-in',
    subject: () => ofList,
    input: { body: z.strictObject({ method }) },
    output: z.object({ question: z.unknown() }),
    async run({ body }, { identity, deps }) {
      const asked = await deps.signIns.askStepUp(identity, body.method)
      return asked.kind === 'question' ? answer({ question: asked.question }) : noFactor
    },
  }),
  defineOperation({
    id: 'session.stepUp',
    method: 'post',
    path: '/session/step-up',
    summary: 'Proves oneself again for what is dangerous; the session gets another secret.',
    secretAnswer: true,
    recordsItself: true,
    right: 'signed-in',
    subject: () => ofList,
    input: {
      body: z.union([
        z.strictObject({ method: z.literal('password'), password }),
        z.strictObject({ method, answer: factorAnswer }),
      ]),
    },
    output: signedIn,
    async run({ body }, call) {
      const { identity, deps } = call
      if (identity.session === null) return notACookie
      const proof =
        body.method === 'password'
          ? { method: body.method, password: Buffer.from(body.password) }
          : { method: body.method, answer: body.answer }
      const result = await deps.signIns.stepUp(identity, proof, placeOf(call))
      const { audit } = deps
      if (result.kind === 'stepped-up') {
        await audit.note(call.auditEntry, { code: 'ok', changes: [] })
        return steppedUpOutcome(call, result)
      }
      await audit.noteRefused(call.auditEntry, result.kind, clientNetwork(call.caller.address))
      return refusedOutcome(result, body.method === 'password' ? 'password' : 'factor')
    },
  }),
  defineOperation({
    id: 'sessions.list',
    method: 'get',
    path: '/accounts/{account}/sessions',
    summary: 'Lists where an account has signed in to console and API, the last used first.',
    right: 'logins.read',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams },
    output: z.object({ data: z.array(sessionFacts) }),
    async run({ params }, { deps, identity }) {
      const account = await findAccount(params.account, deps)
      const sessions = account === undefined ? [] : await deps.webSessions.list(account.id)
      return answer({ data: sessions.map((one) => sessionOf(one, identity.session)) })
    },
  }),
  defineOperation({
    id: 'sessions.end',
    method: 'delete',
    path: '/accounts/{account}/sessions/{session}',
    summary: 'Ends a session of console and API.',
    right: 'logins.end',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams.extend({ session: z.string().max(COOKIE_CHARACTERS_MAX) }) },
    output: 'nothing',
    async run({ params }, { deps, isRehearsal }) {
      const account = await findAccount(params.account, deps)
      const isEnded =
        account !== undefined &&
        (isRehearsal || (await deps.webSessions.end(account.id, params.session)))
      if (isEnded) return answer(null)
      const { account: name, session: value } = params
      return { kind: 'no-such-session', field: 'session', value, account: name } as const
    },
  }),
  defineOperation({
    id: 'sessions.endAll',
    method: 'delete',
    path: '/accounts/{account}/sessions',
    summary: 'Ends all sessions of console and API but the one that asks.',
    right: 'logins.end',
    subject: ({ params }) => ofAccount(params.account),
    input: { params: accountParams },
    output: z.object({ ended: z.number().int() }),
    async run({ params }, { deps, identity: { session }, isRehearsal }) {
      const account = await findAccount(params.account, deps)
      if (account === undefined || isRehearsal) return answer({ ended: 0 })
      const except = session === null ? {} : { except: session.id }
      return answer({ ended: await deps.webSessions.endAll(account.id, except) })
    },
  }),
]

const noFactor = problem({
  status: 422,
  code: 'no-such-factor',
  detail: 'the account has no factor of that kind',
  errors: [{ field: 'method', pointer: '/method', rule: { name: 'own-factor' } }],
})
