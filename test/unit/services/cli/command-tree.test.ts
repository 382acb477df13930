// What holds of every command: it prints JSON where it is asked to, has examples that are commands, and is completed and explained in the manual.

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { core } from 'zod'
import { operations } from '#services/api/operations/index.ts'
import { leavesOf, pathOf } from '#services/cli/command-tree.ts'
import type { Process } from '#services/cli/context.ts'
import { examples } from '#services/cli/examples.ts'
import { exits } from '#services/cli/failure.ts'
import { createProgram } from '#services/cli/program.ts'
import { commandLine } from '#test/support/command-line.ts'
import { isInstalled } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const run = promisify(execFile)
const quiet: Process = {
  environment: {},
  write() {},
  isTerminal: false,
  say() {},
  readStdin: async () => new Uint8Array(),
}
const tree = await createProgram(quiet, [])
const leaves = leavesOf(tree).map(pathOf)

const resources = new AsyncDisposableStack()
let folder: string

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
})
afterAll(() => resources.disposeAsync())

describe('every command', () => {
  it('prints JSON with --json, but for those whose output is for a shell', () => {
    const without = leavesOf(tree).filter(({ options }) =>
      options.every(({ long }) => long !== '--json'),
    )
    expect(without.map(pathOf)).toEqual(['serve', 'postfix link', 'completion'])
  })

  it('has examples, and nothing else has', () => {
    expect(Object.keys(examples).toSorted()).toEqual(leaves.toSorted())
  })

  it.each(Object.entries(examples))(
    '%s has examples that it can read',
    async (path, lines = []) => {
      for (const line of lines) {
        const words = line
          .match(/'[^']*'|\S+/g)
          ?.slice(1)
          .map((word) => word.replaceAll("'", ''))
        const program = await createProgram(quiet, words ?? [])
        const command = leavesOf(program).find((one) => pathOf(one) === path)
        let isRead = false
        command?.action(() => {
          isRead = true
        })
        await program.parseAsync(words ?? [], { from: 'user' })
        expect({ line, isRead }).toEqual({ line, isRead: true })
      }
    },
  )

  it('shows its examples in its help', async () => {
    const { stdout } = await commandLine(['account', 'add', '--help'])
    expect(stdout).toContain('Examples:\n  postwolke account add ann@example.org --quota 2GB\n')
  })
})

/** Operations of the API, and the command that does the same; or why there is none. */
const commandOf: { readonly [operation: string]: string } = {
  'usage.read': 'usage',
  'accessTables.list': 'access list',
  'accessTables.entries': 'access list',
  'accessTables.set': 'access set',
  'accessTables.remove': 'access remove',
  'accessTables.delete': 'access remove',
  'accessTables.import': 'access import',
  'accessTables.test': 'access test',
  'accounts.list': 'account list',
  'accounts.create': 'account add',
  'accounts.get': 'account show',
  'accounts.folders': 'account show',
  'accounts.update': 'account set',
  'accounts.setPassword': 'account set',
  'accounts.setForward': 'account forward',
  'accounts.delete': 'account remove',
  'accounts.empty': 'account empty',
  'accounts.freeze': 'account freeze',
  'accounts.unfreeze': 'account unfreeze',
  'accounts.contain': 'account contain',
  'accounts.release': 'account release',
  'aliases.list': 'alias list',
  'aliases.create': 'alias add',
  'aliases.get': 'alias show',
  'aliases.tree': 'alias tree',
  'aliases.update': 'alias set',
  'aliases.delete': 'alias remove',
  'appPasswords.list': 'account app-password list',
  'appPasswords.create': 'account app-password add',
  'appPasswords.revoke': 'account app-password revoke',
  'audit.list': 'audit list',
  'audit.get': 'audit show',
  'audit.verify': 'audit verify',
  'domains.list': 'domain list',
  'domains.create': 'domain add',
  'domains.update': 'domain limit',
  'domains.get': 'domain show',
  'domains.measure': 'domain remove',
  'domains.delete': 'domain remove',
  'domains.dns': 'domain dns',
  'domains.zone': 'domain dns',
  'keys.list': 'dkim list',
  'keys.check': 'dkim check',
  'keys.rotate': 'dkim rotate',
  'keys.import': 'dkim import',
  'keys.revoke': 'dkim revoke',
  'keys.force': 'dkim force',
  'factors.get': 'account factors',
  'recovery.get': 'account recovery show',
  'recovery.set': 'account recovery set',
  'recovery.remove': 'account recovery remove',
  'clientSetup.create': 'account setup',
  'factors.removeAll': 'account factors',
  'grants.list': 'acl show',
  'grants.set': 'acl set',
  'grants.delete': 'acl remove',
  'imports.create': 'account import',
  'mailImports.create': 'import imap',
  'imports.undo': 'job undo',
  'sources.list': 'front source list',
  'sources.add': 'front source add',
  'sources.remove': 'front source remove',
  'front.get': 'front show',
  'front.set': 'front set',
  'front.end': 'front end',
  'front.getDomain': 'front show',
  'front.setDomain': 'front set',
  'front.endDomain': 'front end',
  'greylist.list': 'greylist list',
  'greylist.get': 'greylist show',
  'greylist.allow': 'greylist allow',
  'greylist.forget': 'greylist forget',
  'greylist.client': 'greylist show',
  'greylist.allowClient': 'greylist allow',
  'greylist.forgetClient': 'greylist forget',
  'scores.list': 'greylist scores',
  'sending.get': 'account sending',
  'sending.forget': 'account sending',
  'heldLogins.list': 'held-login list',
  'heldLogins.release': 'held-login release',
  'heldLogins.releaseAccount': 'held-login release',
  'invitations.create': 'account invite',
  'jobs.list': 'job list',
  'jobs.get': 'job show',
  'jobs.cancel': 'job cancel',
  'jobs.errors': 'job errors',
  'jobs.output': 'job output',
  'logins.list': 'account logins',
  'logins.end': 'account logins',
  'logins.endAll': 'account logins',
  'quarantine.list': 'quarantine list',
  'quarantine.get': 'quarantine show',
  'quarantine.release': 'quarantine release',
  'quarantine.delete': 'quarantine delete',
  'queue.count': 'queue delete',
  'queue.changeAll': 'queue delete',
  'queue.list': 'queue list',
  'queue.groups': 'queue top',
  'queue.states': 'queue stats',
  'queue.get': 'queue show',
  'queue.content': 'queue cat',
  'queue.hold': 'queue hold',
  'queue.release': 'queue release',
  'queue.retry': 'queue flush',
  'queue.expire': 'queue expire',
  'queue.delete': 'queue delete',
  'queue.flush': 'queue flush',
  'rewrittenSenders.show': 'srs show',
  'rewrittenSenders.rotate': 'srs rotate',
  'roles.list': 'role list',
  'roles.set': 'role set',
  'scripts.list': 'sieve list',
  'scripts.get': 'sieve show',
  'scripts.put': 'sieve put',
  'scripts.activate': 'sieve activate',
  'scripts.rename': 'sieve rename',
  'scripts.delete': 'sieve remove',
  'scripts.check': 'sieve check',
  'scripts.run': 'sieve run',
  'scripts.runStored': 'sieve run',
  'siteScripts.list': 'sieve list',
  'siteScripts.get': 'sieve show',
  'siteScripts.put': 'sieve put',
  'siteScripts.rename': 'sieve rename',
  'siteScripts.delete': 'sieve remove',
  'search.find': 'search',
  'session.create': 'login',
  'session.factor': 'login',
  'session.get': 'whoami',
  'session.end': 'login',
  'sessions.list': 'account sessions',
  'sessions.end': 'account sessions',
  'sessions.endAll': 'account sessions',
  'settings.list': 'setting list',
  'settings.get': 'setting show',
  'settings.change': 'setting set',
  'policy.lists': 'policy list',
  'policy.recorded': 'policy explain',
  'policy.explain': 'policy explain',
  'policy.rehearse': 'policy replay',
  'tokens.listOwn': 'token revoke',
  'tokens.create': 'login',
  'tokens.list': 'token list',
  'tokens.revoke': 'logout',
  'trace.find': 'trace',
}

const withoutCommand: { readonly [operation: string]: string } = {
  'accounts.bulk': 'import and loops of a shell do it',
  'aliases.bulk': 'import does it',
  'accessTables.bulk': 'import does it',
  'domains.bulk': 'import does it',
  'recovery.look': 'a link is opened in a browser',
  'recovery.confirm': 'a link is opened in a browser',
  'recovery.forgotten': 'whoever has a command line has a way in',
  'trace.list': 'trace asks trace.find, which has all facts',
  'trace.get': 'trace asks trace.find, which has all facts',
  'exports.create': 'list --json prints the same',
  'overview.read': 'a screen of the console; status and doctor say it here',
  'scripts.messages':
    'the console shows them to choose from; sieve run --uid takes the number of one',
  'filters.get': 'a form of the console; sieve show prints the scripts that it writes',
  'filters.setRules': 'a form of the console; sieve put takes a script',
  'filters.setAway': 'a form of the console; sieve put takes a script',
  'service.get': 'status says it on the machine',
  'service.renewCertificate': 'a server looks by itself every hour; the console has the button',
  'doctor.run': 'doctor looks from where it is started',
  'doctor.get': 'doctor looks from where it is started',
  'mailExports.create': 'export writes into a folder or a bucket; the console has it for holders',
  'mailExports.list': 'pages of the console',
  'mailExports.fetch': 'pages of the console',
  'mailExports.remove': 'pages of the console',
  'events.read': 'a page that lives; commands ask once',
  'figures.read': 'plots of the console; /metrics has them for programs',
}

/** What a browser does, on its way in or with its keys. */
const ofBrowsers =
  /^(session\.|invitations\.|totp\.|passkeys\.|recoveryCodes\.|oidc\.|signIn|identities\.|passkey)/

describe('every operation of the API', () => {
  it('has its command, or a reason to have none', () => {
    const lost = operations
      .map(({ id }) => id)
      .filter((id) => !(id in commandOf) && !(id in withoutCommand) && !ofBrowsers.test(id))
    expect(lost).toEqual([])
  })

  it('has a command that there is', () => {
    expect(Object.values(commandOf).filter((path) => !leaves.includes(path))).toEqual([])
  })
})

/** Names in what a schema reads; of one that has several forms those of all. */
function namesIn(schema: core.$ZodType | undefined): readonly string[] {
  if (schema instanceof core.$ZodObject) return Object.keys(schema._zod.def.shape)
  if (schema instanceof core.$ZodUnion) return schema._zod.def.options.flatMap(namesIn)
  if (schema instanceof core.$ZodPipe) return namesIn(schema._zod.def.in)
  const inner = schema instanceof core.$ZodOptional || schema instanceof core.$ZodDefault
  return inner ? namesIn(schema._zod.def.innerType) : []
}

/** `expiresAfter` and `--expires-after` are the same word. */
const wordOf = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '')

/** The same thing by the name that it has at a terminal. */
const words: { readonly [name: string]: readonly string[] } = {
  account: ['address', 'owner'],
  script: ['name'],
  text: ['file'],
  content: ['message'],
  alias: ['address'],
  quotaBytes: ['quota'],
  displayName: ['name'],
  enabled: ['disabled', 'disable'],
  scopes: ['for', 'scope'],
  appPassword: ['id'],
  entry: ['id'],
  job: ['id'],
  grantee: ['who'],
  privateKey: ['file'],
  declaredBytes: ['size'],
  recipients: ['to', 'recipient'],
  heldToo: ['held'],
  queueId: ['destination-or-id'],
  newerThan: ['newer'],
  login: ['as'],
  of: ['value'],
  q: ['text'],
  check: ['dry-run'],
  rehearse: ['dry-run'],
  skipFaulty: ['continue'],
}

/** By operation and name, why there is no option for it. */
const withoutOption: { readonly [name: string]: string } = {
  'accounts.list from': 'jumps in a list that is shown a page at a time',
  'accounts.list q': 'search finds addresses by what they begin with',
  'accounts.list state': 'grep and jq find it in the whole list',
  'accounts.setForward forward': '--to, --keep and --off are its parts',
  'accounts.update forward': 'account forward does it',
  'aliases.list from': 'jumps in a list that is shown a page at a time',
  'aliases.list q': 'search finds addresses by what they begin with',
  'domains.update limits': '--accounts, --aliases and --quota of domain limit are its parts',
  'front.end account': 'the argument is an account or a domain',
  'front.end flushes': 'of a domain once, behind its accounts',
  'front.endDomain domain': 'the argument is an account or a domain',
  'front.get account': 'the argument is an account or a domain',
  'front.getDomain domain': 'the argument is an account or a domain',
  'front.setDomain domain': 'the argument is an account or a domain',
  'front.set account': 'the argument is an account or a domain',
  'front.set state': 'the command is it',
  'greylist.list about': 'the argument says which',
  'heldLogins.list account': 'the argument is one or the other',
  'heldLogins.list client': 'the argument is one or the other',
  'heldLogins.release account': 'the argument is one or the other',
  'heldLogins.release client': 'the argument is one or the other',
  'heldLogins.releaseAccount account': 'the argument is one or the other',
  'imports.create what': 'the noun of the command says it',
  'logins.end session': '--end-session names it',
  'mailImports.create folders': '--folder, one or more',
  'mailImports.create source': '--host, --port, --tls, --ca and --any-certificate are its parts',
  'policy.explain records': 'all of them are printed',
  'policy.recorded records': 'all of them are printed',
  'policy.rehearse asksDns': '--live asks it',
  'policy.rehearse changes': '--set, as for every command',
  'queue.changeAll countedAt': 'the question counts, and acts on what it counted',
  'queue.changeAll filter': 'its parts are options of their own',
  'queue.changeAll heldToo': 'an option of queue expire',
  'queue.changeAll verb': 'the command is it',
  'queue.count filter': 'its parts are options of their own',
  'queue.groups reasonGroup': 'names a row of the console',
  'queue.list reasonGroup': 'names a row of the console',
  'queue.states reasonGroup': 'names a row of the console',
  'recovery.set recoveryAddress': 'the argument of account recovery',
  'scores.list about': 'the argument says which',
  'scripts.run name': '--script names it',
  'scripts.runStored name': '--script names it',
  'session.create password': 'asked for, or --password-stdin',
  'session.factor answer': 'asked for',
  'session.factor method': 'follows from the answer',
  'session.factor ticket': 'of the step before',
  'sessions.end session': '--end names it',
  'settings.change changes': 'a setting and its value at a time',
  'sources.add masterPassword': '--master-password-stdin reads it',
  'sources.add names': '--local-part',
  'sources.remove source': 'the argument is its name',
  'tokens.create name': 'named for this machine; token add names others',
  'tokens.revoke token': 'the one of this machine; token revoke names others',
  'trace.find as': 'of whoever may see a part: he says so by signing in',
}

/** A command reads all of a list. */
const ofEveryList: readonly string[] = ['limit', 'after', 'cursor', 'sort', 'order']

describe("what an operation takes and its command does not, by the operation's own words", () => {
  it('is meant', () => {
    const found = operations.flatMap(({ id, input }) => {
      const path = commandOf[id]
      const command = leavesOf(tree).find((one) => pathOf(one) === path)
      if (command === undefined) return []
      const taken = new Set([
        ...command.options.map(({ long }) => wordOf(long?.replace(/^--no-/, '') ?? '')),
        ...command.registeredArguments.map((argument) => wordOf(argument.name())),
      ])
      const has = (name: string) =>
        [name, ...(words[name] ?? [])].some((word) => taken.has(wordOf(word)))
      const names = new Set([input.params, input.query, input.body].flatMap(namesIn))
      return [...names]
        .filter((name) => !ofEveryList.includes(name) && !has(name))
        .map((name) => `${id} ${name}`)
    })
    expect(found.toSorted()).toEqual(Object.keys(withoutOption).toSorted())
  })
})

describe('completion', () => {
  const script = async (shell: string) => {
    const { code, stdout } = await commandLine(['completion', shell])
    expect(code).toBe(0)
    return stdout
  }

  beforeAll(async () => {
    // Who is asked for names of what is stored.
    const bin = join(folder, 'bin')
    await mkdir(bin)
    const says = '#!/bin/sh\necho ann@example.org\necho bob@example.org\n'
    await writeFile(join(bin, 'postwolke'), says, { mode: 0o755 })
    for (const shell of ['bash', 'zsh', 'fish']) {
      await writeFile(join(folder, shell), await script(shell))
    }
  })

  const path = () => ({ PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder })
  const cases: readonly (readonly [line: string, expected: readonly string[]])[] = [
    ['postwolke quar', ['quarantine']],
    ['postwolke account app-password ', ['add', 'list', 'revoke']],
    ['postwolke account show --js', ['--json']],
    ['postwolke account --json show ', ['ann@example.org', 'bob@example.org']],
  ]

  it.skipIf(!isInstalled('bash'))('in bash', async () => {
    for (const [line, expected] of cases) {
      const program = `. "$1"; COMP_LINE=$2; COMP_POINT=\${#2}; _postwolke; printf '%s\\n' "\${COMPREPLY[@]}"`
      const words = ['-c', program, 'bash', join(folder, 'bash'), line]
      const { stdout } = await run('bash', words, { env: path() })
      expect({ line, found: stdout.trim().split('\n') }).toEqual({ line, found: expected })
    }
    const words = ['-c', `. "$1"; COMP_LINE=$2; COMP_POINT=\${#2}; _postwolke; echo "$COMPREPLY"`]
    const line = 'postwolke account show ann@ex'
    const { stdout } = await run('bash', [...words, 'bash', join(folder, 'bash'), line], {
      env: path(),
    })
    // Readline has the part before the @ already.
    expect(stdout).toBe('example.org\n')
  })

  it.skipIf(!isInstalled('zsh'))('in zsh', async () => {
    for (const [line, expected] of cases) {
      const program = `source "$1"; compadd() { shift; print -rl -- "\${(@P)1}" }; words=("\${(@s: :)2}"); CURRENT=\${#words}; _postwolke`
      const words = ['-f', '-c', program, 'zsh', join(folder, 'zsh'), line]
      const { stdout } = await run('zsh', words, { env: path() })
      const last = line.split(' ').at(-1) ?? ''
      const found = stdout
        .trim()
        .split('\n')
        .filter((word) => word.startsWith(last))
      expect({ line, found }).toEqual({ line, found: expected })
    }
  })

  it.skipIf(!isInstalled('fish'))('in fish', async () => {
    for (const [line, expected] of cases) {
      const program = `source ${join(folder, 'fish')}; complete -C '${line}'`
      const { stdout } = await run('fish', ['--no-config', '-c', program], { env: path() })
      const found = stdout
        .trim()
        .split('\n')
        .map((word) => word.split('\t')[0])
      expect({ line, found: found.toSorted() }).toEqual({ line, found: expected })
    }
  })

  it('prints names of what is stored, and nothing where nothing is', async () => {
    const data = join(folder, 'data')
    const none = await commandLine(['completion', 'bash', '--values', 'domains', '--data', data])
    expect(none).toEqual({ code: 0, stdout: '', stderr: '' })
    await commandLine(['domain', 'add', 'example.org', '--data', data])
    const some = await commandLine(['completion', 'bash', '--values', 'domains', '--data', data])
    expect(some).toEqual({ code: 0, stdout: 'example.org\n', stderr: '' })
  })
})

describe('manual pages', () => {
  it('are one of the program and one of each command, as mandoc wants them', async () => {
    const to = join(folder, 'man')
    const { code, stdout } = await commandLine(['man', to, '--json'])
    expect(code).toBe(0)
    const { pages }: { pages: string[] } = JSON.parse(stdout)
    expect(pages).toHaveLength(tree.commands.length + 1)
    if (!isInstalled('mandoc')) return
    const files = pages.map((name) => join(to, name))
    const lint = await run('mandoc', ['-Tlint', '-W', 'warning', ...files]).catch((error) => error)
    expect(lint.stdout).toBe('')
    const { stdout: text } = await run('mandoc', ['-Tascii', join(to, 'postwolke.1')])
    for (const [code] of Object.values(exits)) expect(text).toContain(`\n     ${code} `)
  })
})
