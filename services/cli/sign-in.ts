// `postwolke login`, `logout` and `whoami`: a token of this machine for a server. The password is asked for once and kept nowhere.

import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Common, type Process, serverOf, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput, warn } from './output.ts'
import type { ApiClient } from './remote/client.ts'

type LoginOptions = Common & {
  readonly as?: string
  readonly tokenStdin?: boolean
  readonly passwordStdin?: boolean
  readonly scope?: readonly string[]
  readonly expires?: string
  readonly ca?: string
}

type SignedIn = {
  readonly state: 'signed-in'
  readonly account: { readonly id: string | null; readonly address: string }
  readonly role: string
  readonly domains: readonly string[]
  readonly rights: { readonly [right: string]: string }
  readonly via: string
  readonly scopes: readonly string[] | null
}
type NeedsFactor = {
  readonly state: 'needs-factor'
  readonly methods: readonly string[]
  readonly ticket: string
}

const load = () =>
  Promise.all([
    import('./remote/client.ts'),
    import('./remote/context.ts'),
    import('./remote/servers-file.ts'),
    import('./remote/transport.ts'),
  ])

export function loginCommand(parent: Command, process: Process): void {
  const login = withJson(parent.command('login [url]')).description(
    'sign in to a server, and keep a token of this machine for it',
  )
  login
    .option('--server <url>', 'the same as the argument (or POSTWOLKE_SERVER)')
    .option('--as <address>', 'the account; else it is asked for')
    .option('--password-stdin', 'read the password from standard input (one line)')
    .option('--token-stdin', 'read a token that was made elsewhere from standard input')
    .option('--scope <rights...>', 'rights that the token is limited to (default: all of the role)')
    .option('--expires <time>', 'how long the token is good for (default: 90d)')
    .option('--ca <file>', 'trust the certificates of this file, and no others')
  login.action(async (named: string | undefined) => {
    const options = login.opts<LoginOptions>()
    const server = named ?? options.server ?? process.environment.POSTWOLKE_SERVER
    if (!server) throw new CommandFailure("name the server: 'postwolke login https://…'", 'usage')
    await signIn(server, options, process)
  })
}

async function signIn(server: string, options: LoginOptions, process: Process): Promise<void> {
  const [{ createApiClient }, { readCa }, { keepServer }, { createTransport, parseServer }] =
    await load()
  const url = parseServer(server)
  const ca = options.ca === undefined ? undefined : resolve(options.ca)
  const transport = createTransport({ ca: await readCa(ca) })
  const clientWith = (credentials: { readonly [name: string]: string }) =>
    createApiClient({ transport, server: url, credentials, say: process.say, pause })
  const found = options.tokenStdin
    ? { token: oneLine(await process.readStdin('token: ')), tokenId: null }
    : await makeToken(clientWith, options, process)
  const session = await clientWith(bearer(found.token)).ask<SignedIn>(thisSession)
  const { address } = session.account
  await keepServer(process.environment, url.origin, {
    ...{ ...found, account: address },
    ...(ca !== undefined && { ca }),
  })
  const output = createOutput(options.json === true, process.write, process.columns)
  const { role } = session
  output.print({ server: url.origin, account: address, role }, () => [
    `signed in to ${url.host} as ${address} (${role})`,
  ])
}

const thisSession = { method: 'GET', path: '/session' } as const
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** By a session that ends with the command. */
async function makeToken(
  clientWith: (credentials: { readonly [name: string]: string }) => ApiClient,
  { as, passwordStdin, scope, expires }: LoginOptions,
  process: Process,
): Promise<{ readonly token: string; readonly tokenId: string }> {
  const login = as ?? (await personOf(process, '--as names the account').ask('account: ')).trim()
  const password = passwordStdin
    ? oneLine(await process.readStdin(''))
    : oneLine(
        await personOf(process, '--password-stdin or --token-stdin is needed').askHidden(
          'password: ',
        ),
      )
  const stranger = clientWith({})
  let { value, received } = await stranger.answer<SignedIn | NeedsFactor>({
    ...{ method: 'POST', path: '/session', body: { login, password } },
  })
  if (value.state === 'needs-factor') {
    const body = await factorOf(value, process)
    ;({ value, received } = await stranger.answer<SignedIn | NeedsFactor>({
      ...{ method: 'POST', path: '/session/factor', body },
    }))
  }
  if (value.state !== 'signed-in')
    throw new CommandFailure('the sign-in did not end', 'unavailable')
  const signedIn = clientWith(cookieOf(received.headers['set-cookie'], stranger.server))
  const made = await signedIn.ask<{ readonly id: string; readonly secret: string }>({
    method: 'POST',
    path: '/me/tokens',
    body: {
      name: `postwolke on ${hostname()}`,
      scopes: scope ?? Object.keys(value.rights),
      expires,
    },
  })
  await signedIn.ask({ method: 'DELETE', path: '/session' })
  return { token: made.secret, tokenId: made.id }
}

/** A passkey needs a browser. */
async function factorOf({ methods, ticket }: NeedsFactor, process: Process) {
  const method = ['totp', 'recovery-code'].find((one) => methods.includes(one))
  if (method === undefined) {
    throw new CommandFailure(
      'this account signs in with a passkey, which needs a browser: make a token in the console and give it with --token-stdin',
      'noPermission',
    )
  }
  const question =
    method === 'totp' ? 'code of your program (or a recovery code): ' : 'recovery code: '
  const answer = (await personOf(process, 'a second factor is asked for').ask(question)).trim()
  const isCode = /^\d{6,8}$/.test(answer)
  const meant = isCode || !methods.includes('recovery-code') ? method : 'recovery-code'
  return { ticket, method: meant, answer }
}

function personOf({ person }: Process, why: string) {
  if (person === undefined) throw new CommandFailure(`nobody sits at a terminal; ${why}`, 'usage')
  return person
}

function oneLine(given: Uint8Array): string {
  const text = Buffer.from(given)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '' || /[\r\n]/.test(text)) {
    throw new CommandFailure('a password or token is one line', 'data')
  }
  return text
}

/** What our own pages send along, too: a change that another site asks for is none. */
function cookieOf(header: string | readonly string[] | undefined, { origin }: URL) {
  const [first = ''] = [header ?? []].flat()
  const [cookie = ''] = first.split(';', 1)
  return { cookie, origin, 'x-postwolke': 'cli' }
}

export function logoutCommand(parent: Command, process: Process): void {
  const logout = withJson(parent.command('logout [url]')).description(
    'revoke the token of this machine for a server, and forget it',
  )
  logout.option('--server <url>', 'the same as the argument (or POSTWOLKE_SERVER)')
  logout.action(async (named: string | undefined) => {
    const options = logout.opts<Common>()
    const server = named ?? options.server ?? process.environment.POSTWOLKE_SERVER
    if (!server) throw new CommandFailure("name the server: 'postwolke logout https://…'", 'usage')
    const [{ path }, { clientOf }, { keepServer, readServers }, { parseServer }] = await load()
    const { origin, host } = parseServer(server)
    const known = (await readServers(process.environment))[origin]
    if (known === undefined) throw new CommandFailure(`not signed in to ${host}`, 'noUser')
    try {
      const { tokenId } = known
      if (tokenId !== null) {
        const client = await clientOf(origin, { ...process, environment: withoutToken(process) })
        await client.ask({ method: 'DELETE', path: path`/tokens/${tokenId}` })
      }
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error
      warn(process, `the token is good until it expires, for it was not revoked: ${error.message}`)
    }
    await keepServer(process.environment, origin, undefined)
    const output = createOutput(options.json === true, process.write, process.columns)
    output.print({ server: origin }, () => [`signed out of ${host}`])
  })
}

const withoutToken = ({ environment: { POSTWOLKE_TOKEN: _, ...others } }: Process) => others

export function whoamiCommand(parent: Command, process: Process): void {
  const whoami = withJson(parent.command('whoami')).description(
    'who gives commands to a server: account, role, rights; all servers that are known without --server',
  )
  whoami.option('--server <url>', "a server that 'postwolke login' knows (or POSTWOLKE_SERVER)")
  whoami.action(async () => {
    const options = whoami.opts<Common>()
    const server = serverOf(options, process)
    const output = createOutput(options.json === true, process.write, process.columns)
    const [, { clientOf }, { readServers }] = await load()
    if (server === undefined) {
      const servers = Object.entries(await readServers(process.environment))
      const rows = servers.map(([origin, known]) => ({ server: origin, account: known?.account }))
      output.print(rows, () => rows.map((one) => `${one.server}  ${one.account}`))
      return
    }
    const client = await clientOf(server, process)
    const session = await client.ask<SignedIn>(thisSession)
    const { account, role, domains, scopes } = session
    const facts = { server: client.server.origin, account: account.address, role, domains, scopes }
    output.print(facts, () => [
      `server   ${facts.server}`,
      `account  ${facts.account}`,
      `role     ${role}${domains.length === 0 ? '' : ` in ${domains.join(' ')}`}`,
      `may      ${(scopes ?? Object.keys(session.rights)).join(' ')}`,
    ])
  })
}
