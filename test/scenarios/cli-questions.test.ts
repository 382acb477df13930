// What the command asks a person at the terminal, what it warns of, and where it says an address leads.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const hash = '9J4sZ/8wapFiA'
const resources = new AsyncDisposableStack()
let folder: string
let domain: string

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
})
afterAll(() => resources.disposeAsync())

let domains = 0
beforeEach(async () => {
  domain = `d${domains++}.test`
  await run(`domain add ${domain}`)
  await run(`account add ann@${domain} --password-hash ${hash}`)
})

const run = (line: string, answers?: readonly string[], input = '') =>
  commandLine([...line.split(' '), '--data', folder], {
    input,
    ...(answers === undefined ? {} : { answers }),
  })

const warning = (text: string) => ({ code: 0, stderr: `postwolke: warning: ${text}\n` })

describe('a password at the terminal', () => {
  const scheme = async (name: string) =>
    JSON.parse((await run(`account show ${name}@${domain} --json`)).stdout).passwordScheme

  it.each(['', ' --password', ' --password-stdin'])('is asked for twice: add%s', async (option) => {
    const ended = await run(`account add ben@${domain}${option}`, ['a secret', 'a secret'])
    expect(ended).toMatchObject({ code: 0, stderr: 'password: \nthe same again: \n' })
    expect(await scheme('ben')).toBe('argon2id')
  })

  it('is asked for again when it is to change', async () => {
    const ended = await run(`account set ann@${domain} --password`, ['a secret', 'a secret'])
    expect(ended).toMatchObject({ code: 0 })
    expect(await scheme('ann')).toBe('argon2id')
  })

  it('changes nothing when the two differ', async () => {
    const ended = await run(`account set ann@${domain} --password`, ['secret', 'secrets'])
    expect(ended).toMatchObject({ code: 65, stderr: expect.stringContaining('passwords differ') })
    expect(await scheme('ann')).toBe('des-crypt')
  })

  it('is not asked for when the address or the quota is wrong', async () => {
    expect(await run('account add nonsense', [])).toMatchObject({ code: 65 })
    expect(await run(`account add ben@${domain} --quota x`, [])).toMatchObject({ code: 65 })
  })

  it('a hash is asked for once', async () => {
    const ended = await run(`account set ann@${domain} --hash-stdin`, ['*'])
    expect(ended).toMatchObject({ code: 0, stderr: 'hash: \n' })
  })
})

describe('what cannot be undone', () => {
  const question = (what: string) => `This removes ${what}. Nothing brings it back. Go on? [y/N] \n`

  it.each([
    ['account remove', 'ann with 0 messages (0 B)'],
    ['account empty', 'the mail of ann with 0 messages (0 B)'],
    ['domain remove --force', 'the domain'],
  ])('is asked about: %s', async (command, what) => {
    const isDomain = command.startsWith('domain')
    const line = isDomain ? `${command} ${domain}` : `${command} ann@${domain}`
    const expected = isDomain
      ? question(`${domain} with 1 account, 0 aliases and 0 messages (0 B)`)
      : question(what.replace('ann', `ann@${domain}`))
    const refused = await run(line, ['n'])
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr: `${expected}postwolke: nothing was removed\n`,
    })
    expect(await run(`account show ann@${domain}`)).toMatchObject({ code: 0 })
    expect(await run(line, [''])).toMatchObject({ code: 1 })
    expect(await run(line, ['yes'])).toMatchObject({ code: 0, stderr: expected })
  })

  it('is not asked about with --yes, and not where nobody can answer', async () => {
    expect(await run(`account empty ann@${domain} --yes`, [])).toMatchObject({ code: 0 })
    expect(await run(`domain remove ${domain} --force`)).toEqual({
      code: 0,
      stdout: `domain ${domain} removed with 1 account, 0 aliases and 0 messages\n`,
      stderr: '',
    })
  })
})

describe('a warning', () => {
  it('tells of an alias that hides an account, and none where a copy stays', async () => {
    expect(await run(`alias add ann@${domain} far@away.test`)).toMatchObject(
      warning(
        `ann@${domain} is an account too, which gets no mail now; name it among the targets to keep a copy there`,
      ),
    )
    const both = await run(`alias set ann@${domain} far@away.test,ann@${domain}`)
    expect(both).toMatchObject({ code: 0, stderr: '' })
  })

  it('tells of an account behind an alias', async () => {
    await run(`alias add info@${domain} ann@${domain}`)
    expect(await run(`account add info@${domain} --password-hash ${hash}`)).toMatchObject(
      warning(
        `info@${domain} is an alias too: its mail goes where the alias leads, and into this account only if that is one of the targets`,
      ),
    )
  })

  it('tells of loops, dead ends and disabled accounts', async () => {
    await run(`alias add a@${domain} ann@${domain}`)
    await run(`alias add b@${domain} a@${domain}`)
    expect(await run(`alias set a@${domain} b@${domain}`)).toMatchObject(
      warning(`mail to a@${domain} fails: a@${domain} (its aliases lead back to themselves)`),
    )
    expect(await run(`alias add c@${domain} nobody@${domain}`)).toMatchObject(
      warning(`mail to c@${domain} fails: nobody@${domain} (no such address here)`),
    )
    await run(`account set ann@${domain} --disable`)
    expect(await run(`alias add @${domain} ann@${domain}`)).toMatchObject(
      warning(`mail to @${domain} fails: ann@${domain} (the account is disabled)`),
    )
  })

  it('tells when nobody is postmaster any more', async () => {
    await using other = await temporaryFolder()
    const there = (line: string) => commandLine([...line.split(' '), '--data', other.path])
    const refused = `postwolke: warning: mail to postmaster@a.test is refused: set postmasterAddress, or give the account or alias postmaster\n`
    // The first account will be.
    expect((await there('domain add a.test')).stdout).toContain('until there is an account')
    for (const name of ['first', 'second']) {
      const added = await there(`account add ${name}@a.test --password-hash ${hash}`)
      expect(added).toMatchObject({ code: 0, stderr: '' })
    }
    const more = await there('domain add b.test')
    expect(more.stdout).toContain('Mail to postmaster@b.test goes to first@a.test.')
    expect(await there('account set first@a.test --disable')).toMatchObject({ stderr: refused })
    expect(await there('account set first@a.test --enable')).toMatchObject({ stderr: '' })
    expect(await there('account set second@a.test --disable')).toMatchObject({ stderr: '' })
    expect(await there('account set second@a.test --enable')).toMatchObject({ stderr: '' })
    expect(await there('account remove first@a.test --yes')).toMatchObject({ stderr: refused })
    expect((await there('domain add c.test')).stdout).toContain(
      'Mail to postmaster@c.test is refused: set postmasterAddress, or give',
    )
    await there('alias add postmaster@a.test second@a.test')
    expect(await there('alias remove postmaster@a.test')).toMatchObject({ stderr: refused })
  })

  it('tells which aliases still lead to what was removed', async () => {
    await run(`alias add info@${domain} ann@${domain} far@away.test`)
    await run(`alias add all@${domain} info@${domain}`)
    expect(await run(`account remove ann@${domain}`)).toMatchObject(
      warning(`aliases still lead to ann@${domain}: info@${domain}`),
    )
    expect(await run(`alias remove info@${domain}`)).toMatchObject(
      warning(`aliases still lead to info@${domain}: all@${domain}`),
    )
  })
})

describe('targets of an alias', () => {
  it('may be lists with commas', async () => {
    const { stdout } = await commandLine([
      ...['alias', 'add', `list@${domain}`, `ann@${domain}, "x, y"@away.test`, 'z@away.test,'],
      ...['--data', folder],
    ])
    expect(stdout).toBe(`list@${domain} -> ann@${domain} "x, y"@away.test z@away.test\n`)
  })
})

describe('alias show', () => {
  it('tells where any address goes', async () => {
    await run(`alias add info@${domain} ann@${domain} far@away.test`)
    const show = async (address: string) => (await run(`alias show ${address}`)).stdout
    const end = (accounts: string, elsewhere: string) =>
      `accounts   ${accounts}\nelsewhere  ${elsewhere}\n`
    expect(await show(`info@${domain}`)).toBe(
      `info@${domain} -> ann@${domain} far@away.test\n${end(`ann@${domain}`, 'far@away.test')}`,
    )
    expect(await show(`info+x@${domain}`)).toContain(`info@${domain} -> `)
    expect(await show(`ANN@${domain}`)).toMatch(`is the account ann@${domain}\n`)
    expect(await show(`ann+x@${domain}`)).toMatch(
      `ann+x@${domain} is the account ann@${domain}\naccounts   ann+x@${domain}\n`,
    )
    expect(await show('far@away.test')).toBe(
      `far@away.test is elsewhere: its domain is not one of ours\n${end('none', 'far@away.test')}`,
    )
    await run(`alias add @${domain} far@away.test`)
    expect(await show(`nobody@${domain}`)).toBe(
      `@${domain} -> far@away.test\n${end('none', 'far@away.test')}`,
    )
    await run(`account set ann@${domain} --disable`)
    expect(await show(`ann@${domain}`)).toBe(
      `ann@${domain} is the account ann@${domain}, which is disabled\n${end('none', 'none')}nowhere    ann@${domain} (the account is disabled)\n`,
    )
  })
})
